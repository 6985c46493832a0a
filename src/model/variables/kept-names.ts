import {
  type AwsObjectReference,
  hasExternalRole,
  type InstanceProfile,
  type InstanceProfileSpec,
  type PolicySpec,
} from "../../api/instance-profile.ts";
import type { KeptName } from "../../api/variable-texts.ts";
import { sameName } from "../naming.ts";
import { hasTrace } from "../ownership.ts";
import { variablesIn } from "./template.ts";

/**
 * The spec with the names and paths that role and instance profile have in AWS, where a text with variables gives others: IAM can neither
 * rename nor move them, and a variable that got another value must not create them again. Only the controller writes status.
 */
export function keepNames(
  { spec: written, status }: InstanceProfile,
  filled: InstanceProfileSpec,
): { readonly spec: InstanceProfileSpec; readonly keptNames: readonly KeptName[] } {
  const { role, instanceProfile } = hasTrace(status) ? (status ?? {}) : {};
  const known = {
    roleName: role?.name,
    instanceProfileName: instanceProfile?.name,
    // An external role has a path of its own; then `path` is that of the instance profile.
    path: pathIn(hasExternalRole(written) ? instanceProfile : role),
    instanceProfilePath: pathIn(instanceProfile),
  };
  const keptNames: KeptName[] = [];
  const kept: Partial<Record<keyof typeof known, string>> = {};
  for (const field of ["roleName", "instanceProfileName", "path", "instanceProfilePath"] as const) {
    const name = known[field];
    const [text, given] = [written[field], filled[field]];
    if (name === undefined || text === undefined || given === undefined) continue;
    if (variablesIn(text).length === 0 || isSame(field, name, given)) continue;
    kept[field] = name;
    keptNames.push({ path: `spec.${field}`, kept: name, given });
  }
  return { spec: { ...filled, ...kept, inlinePolicies: policiesNamed(written, filled, kept.roleName) }, keptNames };
}

/** The inline policies of `filled`. One that is named after the role keeps its name together with the role. */
function policiesNamed(
  written: InstanceProfileSpec,
  { inlinePolicies }: InstanceProfileSpec,
  keptRoleName: string | undefined,
): readonly PolicySpec[] {
  if (keptRoleName === undefined) return inlinePolicies;
  return inlinePolicies.map((policy, index) =>
    written.inlinePolicies[index]?.name === written.roleName ? { ...policy, name: keptRoleName } : policy,
  );
}

function isSame(field: string, name: string, given: string): boolean {
  return field.toLowerCase().endsWith("path") ? name === given : sameName(name, given);
}

/** The path in the ARN of a role or an instance profile. */
function pathIn(reference: AwsObjectReference | undefined): string | undefined {
  return /^arn:[^:]*:iam::\d*:(?:role|instance-profile)(\/(?:.*\/)?)[^/]+$/.exec(reference?.arn ?? "")?.[1];
}
