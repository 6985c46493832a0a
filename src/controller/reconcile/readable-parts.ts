import type { InstanceProfile } from "../../api/instance-profile.ts";
import { parseInstanceProfile } from "../../api/parse-instance-profile.ts";
import type { KubeObject } from "../../engine/ports.ts";
import { TerminalError } from "../../errors.ts";

/** What tells which role and profile an object has, and under which class. */
const IDENTIFYING_FIELDS = ["className", "roleName", "instanceProfileName", "path"] as const;

/** Stands in for the policies, which the spec need not have in a form that can be read. */
const PLACEHOLDER = { managedPolicyArns: ["arn:aws:iam::aws:policy/AWSDenyAll"] };

/**
 * An object whose spec does not parse, with the fields that identify what it has in AWS and nothing else: it grants nothing.
 * Undefined when these do not parse either.
 */
export function readablePartsOf(raw: KubeObject): InstanceProfile | undefined {
  const spec = (raw["spec"] ?? {}) as Readonly<Record<string, unknown>>;
  const identifying = Object.fromEntries(
    IDENTIFYING_FIELDS.filter((field) => spec[field] !== undefined).map((field) => [field, spec[field]]),
  );
  try {
    const object = parseInstanceProfile({ ...raw, spec: { ...PLACEHOLDER, ...identifying } });
    return { ...object, spec: { ...object.spec, managedPolicyArns: [] } };
  } catch (error) {
    if (error instanceof TerminalError) return undefined;
    throw error;
  }
}
