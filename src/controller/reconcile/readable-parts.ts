import type { InstanceProfile } from "../../api/instance-profile.ts";
import { parseInstanceProfile } from "../../api/parse-instance-profile.ts";
import type { KubeObject } from "../../engine/ports.ts";
import { TerminalError } from "../../errors.ts";

/** The fields that identify the role, who manages it, the instance profile and the class of an object. */
const IDENTIFYING_FIELDS = [
  "className",
  "roleName",
  "role",
  "instanceProfileName",
  "path",
  "instanceProfilePath",
] as const;

/**
 * An object with an invalid spec, reduced to the fields that identify its role and instance profile: it grants nothing.
 * Undefined when these fields are invalid too.
 */
export function readablePartsOf(raw: KubeObject): InstanceProfile | undefined {
  const spec = (raw["spec"] ?? {}) as Readonly<Record<string, unknown>>;
  const identifying = Object.fromEntries(
    IDENTIFYING_FIELDS.filter((field) => spec[field] !== undefined).map((field) => [field, spec[field]]),
  );
  try {
    return parseInstanceProfile({ ...raw, spec: identifying });
  } catch (error) {
    if (error instanceof TerminalError) return undefined;
    throw error;
  }
}

/** The object, or why its spec is invalid. */
export function parsed(raw: KubeObject): InstanceProfile | TerminalError {
  try {
    return parseInstanceProfile(raw);
  } catch (error) {
    if (error instanceof TerminalError) return error;
    throw error;
  }
}
