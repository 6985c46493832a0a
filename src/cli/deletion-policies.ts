import type { DefaultDeletionPolicy } from "../plan/class/class-deletion.ts";
import { UsageError } from "./io.ts";
import type { GivenOptions, OptionSpecs } from "./options.ts";

/** The option that `run` and `plan` share, so that both answer alike. */
export const DEFAULT_DELETION_POLICY_OPTION: OptionSpecs = {
  "default-deletion-policy": {
    type: "string",
    value: "POLICY",
    help: "what happens to what the controller created when an object without deletionPolicy is deleted: Delete (default), or Retain where its class allows it; what was adopted is retained",
  },
};

/** Reads {@link DEFAULT_DELETION_POLICY_OPTION}. Errors: UsageError. */
export function defaultDeletionPolicy(given: GivenOptions): DefaultDeletionPolicy {
  return policyOf("default-deletion-policy", given) ?? "Delete";
}

/** Reads an option that is `Retain` or `Delete`. Errors: UsageError. */
export function policyOf(option: string, given: GivenOptions): "Retain" | "Delete" | undefined {
  const policy = given.text(option);
  if (policy === undefined || policy === "Retain" || policy === "Delete") return policy;
  throw new UsageError(`--${option}: "${policy}" must be one of Retain, Delete`);
}
