import type { DeletionPolicy, InstanceProfileSpec } from "../api/instance-profile.ts";
import type { InstanceProfileClass, InstanceProfileClassSpec } from "../api/instance-profile-class.ts";

/**
 * The deletion policy that holds for an object of a class; undefined when the origin of each entity decides. A class that allows one
 * policy has it for all objects, also for those whose spec asks for the other: what an author writes right before the deletion changes
 * nothing, and a violation never blocks a deletion.
 */
export function effectiveDeletionPolicy(
  spec: Pick<InstanceProfileSpec, "deletionPolicy">,
  { deletionPolicy: ofClass, allowedDeletionPolicies: allowed }: InstanceProfileClassSpec,
): DeletionPolicy | undefined {
  return allowed.length === 1 ? allowed[0] : (spec.deletionPolicy ?? ofClass);
}

/** The name of the class when it does not allow the annotation `force-delete`; undefined when the annotation has an effect. */
export function forceDeleteDeniedBy({ metadata, spec }: InstanceProfileClass): string | undefined {
  return spec.allowForceDelete ? undefined : metadata.name;
}
