import type { Grants } from "../../model/desired-state.ts";
import type { ClassBinding } from "../classes/class-binding.ts";
import { forceDeniedBy } from "../classes/class-compliance.ts";

/** What the operator allows objects without a class. */
export interface OperatorGrants {
  /** Whether they may adopt what is unowned. Default: false. */
  readonly allowsAdoption?: boolean | undefined;
  /** The ids of the clusters that they may adopt from. Default: none. */
  readonly adoptsFrom?: readonly string[] | undefined;
}

/**
 * What the class and the operator allow the object to do. A class that does not allow adoption has already blocked the
 * spec, or stripped the adoption from it.
 *
 * @param operator what the operator allows objects without a class. Default: nothing
 */
export function grantsOf(binding: ClassBinding, { allowsAdoption = false, adoptsFrom }: OperatorGrants): Grants {
  const isBound = binding.kind === "bound";
  return {
    allowsAdoption: isBound || allowsAdoption,
    adoptsFrom: isBound ? "any" : adoptsFrom,
    forceDeniedBy: forceDeniedBy(binding),
  };
}
