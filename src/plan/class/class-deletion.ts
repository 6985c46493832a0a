import type { DeletionPolicy, InstanceProfileSpec } from "../../api/instance-profile.ts";
import type { InstanceProfileClass, InstanceProfileClassSpec } from "../../api/instance-profile-class.ts";

/** The fields of a class that bound the deletion of its objects. */
export type DeletionTerms = Pick<
  InstanceProfileClassSpec,
  "deletionPolicy" | "allowedDeletionPolicies" | "allowForceDelete"
>;

/**
 * The deletion policy in effect for an object of a class. Undefined when the origin of each entity decides: what the controller created is
 * deleted, what it adopted is retained.
 *
 * A policy that the class does not allow never blocks a deletion and never deletes an adopted role. Where `Retain` is not allowed, the
 * origin decides; where `Delete` is not allowed, everything is retained.
 */
export function effectiveDeletionPolicy(
  spec: Pick<InstanceProfileSpec, "deletionPolicy">,
  { deletionPolicy: ofClass, allowedDeletionPolicies: allowed }: DeletionTerms,
): DeletionPolicy | undefined {
  const requested = spec.deletionPolicy ?? ofClass;
  if (requested !== undefined && allowed.includes(requested)) return requested;
  return allowed.includes("Delete") ? undefined : "Retain";
}

/** The name of the class when it denies the annotation `force-delete`; undefined when the annotation has an effect. */
export function forceDeleteDeniedBy({ metadata, spec }: InstanceProfileClass): string | undefined {
  return spec.allowForceDelete ? undefined : metadata.name;
}
