import type { OversizePolicy } from "../model/policy-size.ts";
import type { Blocker } from "./plan.ts";

/** The reason of an object with a policy that IAM takes in no account. */
export const POLICY_TOO_LARGE = "PolicyTooLarge";

/** Why nothing is written for an object with such policies; empty where there are none. */
export function oversizeBlockers(oversize: readonly OversizePolicy[]): readonly Blocker[] {
  return oversize.map(({ message }) => ({ reason: POLICY_TOO_LARGE, message }));
}
