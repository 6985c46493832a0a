import type { Grants } from "../../model/desired-state.ts";
import type { ClassBinding } from "../classes/class-binding.ts";
import { forceDeniedBy } from "../classes/class-compliance.ts";

/**
 * What the class and the operator say of an object. A class that does not allow adoption has refused the spec already, or has taken the
 * adoption out of it.
 *
 * @param allowsAdoption what the operator allows objects without a class; unset: nothing
 */
export function grantsOf(
  binding: ClassBinding,
  { allowsAdoption = false }: { readonly allowsAdoption?: boolean | undefined },
): Grants {
  return { allowsAdoption: binding.kind === "bound" || allowsAdoption, forceDeniedBy: forceDeniedBy(binding) };
}
