import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { InstanceProfileSpec } from "../../src/api/instance-profile.ts";
import type { InstanceProfileClass } from "../../src/api/instance-profile-class.ts";
import { AdmissionPolicy, type PolicySpec } from "./admission-policy.ts";
import { asWritten } from "./builders.ts";

/** The policy that judges by classes at admission, as `deploy/` has it. */
export const CLASS_POLICY_FILE: string = join(import.meta.dirname, "../../deploy/base/class-policy.yaml");

const [manifest] = parseAllDocuments(readFileSync(CLASS_POLICY_FILE, "utf8")).map((document) => document.toJS());

/** Its spec. */
export const CLASS_POLICY: PolicySpec = (manifest as { readonly spec: PolicySpec }).spec;

const policy = new AdmissionPolicy(CLASS_POLICY);

/** What the API server would say of a spec by its class: one message each, none when it admits it. */
export function saidAtAdmission(
  spec: InstanceProfileSpec,
  of: InstanceProfileClass,
  { namespace, old }: { readonly namespace: string; readonly old?: InstanceProfileSpec },
): readonly string[] {
  const objectOf = (asked: InstanceProfileSpec): Readonly<Record<string, unknown>> => ({
    metadata: { name: "app", namespace },
    spec: JSON.parse(JSON.stringify({ ...asWritten(asked), className: of.metadata.name })),
  });
  const [first] =
    policy.refusals({
      object: objectOf(spec),
      ...(old !== undefined && { oldObject: objectOf(old) }),
      params: JSON.parse(JSON.stringify(of)),
      operation: old === undefined ? "CREATE" : "UPDATE",
    }) ?? [];
  return first === undefined ? [] : first.split(/(?<=[.;]) (?=[A-Z][A-Za-z]+: )/);
}

/** The reason of a message: its first word. */
export function reasonOf(message: string): string {
  return message.split(":")[0] ?? "";
}
