import type { OversizePolicy } from "../model/policy/policy-size.ts";
import type { Blocker } from "./plan.ts";

/** The blockers of an object whose policies are too large for IAM; empty if there are none. */
export function oversizeBlockers(oversize: readonly OversizePolicy[]): readonly Blocker[] {
  return oversize.map(({ message }) => ({ reason: "PolicyTooLarge", message }));
}
