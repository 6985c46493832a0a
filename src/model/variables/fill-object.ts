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
import type { Place } from "../place.ts";
import { FilledTexts, filledSpec, sharedPolicyNames } from "./filled-spec.ts";
import { type Variables, variablesIn } from "./template.ts";

/** What the variables of an object stand for. */
export interface ObjectContext {
  readonly place: Place;
  /** Empty: not known. */
  readonly clusterId: string;
  /** Those of the class, or for objects without a class those of the operator. */
  readonly variables: Variables;
  /** What is no fault, for a check without an account, or also without the classes. Default: everything is known. */
  readonly unknown?: "values" | "variables" | undefined;
}

/** The values of the variables of an object. Of the built-in ones, a class or an operator can set `region` alone. */
export function variablesOf(
  { metadata }: Pick<InstanceProfile, "metadata">,
  { place, clusterId, variables }: ObjectContext,
): Variables {
  const { accountId, partition, region } = place;
  const known = { region, ...variables, account: accountId, partition, cluster: clusterId || undefined };
  const own = { namespace: metadata.namespace, name: metadata.name };
  const all: Readonly<Record<string, string | undefined>> = { ...known, ...own };
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/**
 * The object with the variables of its texts filled in, before anything judges it. What is wrong with the texts is in `faults`. Variables
 * are filled in in names, paths, ARNs, resources, values of conditions, principals and values of tags: never in actions, and not in a policy
 * that is written as a document.
 */
export function fillObject(object: InstanceProfile, context: ObjectContext): InstanceProfile {
  const variables = variablesOf(object, context);
  const texts = new FilledTexts(variables, context.unknown);
  const filled = filledSpec(object.spec, texts, context.place);
  const { spec, keptNames } = keepNames(object, filled);
  const faults = [
    ...texts.faults,
    ...sharedPolicyNames(spec.inlinePolicies),
    ...sharedPolicyNames(spec.managedPolicies),
  ];
  return {
    ...object,
    spec,
    place: context.place,
    variables,
    ...(faults.length > 0 && { faults }),
    ...(keptNames.length > 0 && { keptNames }),
  };
}

/**
 * The spec with the names and paths that role and instance profile have in AWS, where a text with variables gives others: IAM can neither
 * rename nor move them, and a variable that got another value must not create them again. Only the controller writes status.
 */
function keepNames(
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
