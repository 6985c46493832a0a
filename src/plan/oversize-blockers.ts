import type { OversizePolicy } from "../model/policy/policy-size.ts";
import type { Blocker } from "./plan.ts";

/** Why nothing is written for an object with such policies; empty where there are none. */
export function oversizeBlockers(oversize: readonly OversizePolicy[]): readonly Blocker[] {
  return oversize.map(({ message }) => ({ reason: "PolicyTooLarge", message }));
}
