import type { DeletionPolicy, InstanceProfileSpec } from "../../api/instance-profile.ts";
import type { InstanceProfileClass, InstanceProfileClassSpec } from "../../api/instance-profile-class.ts";

/** What a class says about the deletion of its objects. */
export type DeletionTerms = Pick<
  InstanceProfileClassSpec,
  "deletionPolicy" | "allowedDeletionPolicies" | "allowForceDelete"
>;

/**
 * The deletion policy that holds for an object of a class; undefined when the origin of each entity decides: what the controller
 * created is deleted, what it adopted stays. A policy that the class does not allow never blocks a deletion, and never deletes an
 * adopted role: where `Retain` is not allowed the origin decides, where `Delete` is not, everything stays.
 */
export function effectiveDeletionPolicy(
  spec: Pick<InstanceProfileSpec, "deletionPolicy">,
  { deletionPolicy: ofClass, allowedDeletionPolicies: allowed }: DeletionTerms,
): DeletionPolicy | undefined {
  const asked = spec.deletionPolicy ?? ofClass;
  if (asked !== undefined && allowed.includes(asked)) return asked;
  return allowed.includes("Delete") ? undefined : "Retain";
}

/** The name of the class when it does not allow the annotation `force-delete`; undefined when the annotation has an effect. */
export function forceDeleteDeniedBy({ metadata, spec }: InstanceProfileClass): string | undefined {
  return spec.allowForceDelete ? undefined : metadata.name;
}
