import type { Grants } from "../../model/desired-state.ts";
import type { ClassBinding } from "../classes/class-binding.ts";
import { forceDeniedBy } from "../classes/class-compliance.ts";

/**
 * What the class and the operator allow the object to do. A class that does not allow adoption has already blocked the
 * spec, or stripped the adoption from it.
 *
 * @param allowsAdoption whether the operator allows adoption by objects without a class. Default: false
 */
export function grantsOf(
  binding: ClassBinding,
  { allowsAdoption = false }: { readonly allowsAdoption?: boolean | undefined },
): Grants {
  return { allowsAdoption: binding.kind === "bound" || allowsAdoption, forceDeniedBy: forceDeniedBy(binding) };
}
