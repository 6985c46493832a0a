import type { DeletionPolicy, InstanceProfileSpec } from "../../api/instance-profile.ts";
import type { InstanceProfileClass, InstanceProfileClassSpec } from "../../api/instance-profile-class.ts";

/** What happens to entities that the controller created when nothing else sets a deletion policy: `--default-deletion-policy`. */
export type DefaultDeletionPolicy = DeletionPolicy;

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
 *
 * @param fallback the operator's, for an object without a policy of its own or its class
 */
export function effectiveDeletionPolicy(
  spec: Pick<InstanceProfileSpec, "deletionPolicy">,
  { deletionPolicy: ofClass, allowedDeletionPolicies: allowed }: DeletionTerms,
  fallback?: DefaultDeletionPolicy,
): DeletionPolicy | undefined {
  const requested = spec.deletionPolicy ?? ofClass ?? withoutOrigin(fallback);
  if (requested !== undefined && allowed.includes(requested)) return requested;
  return allowed.includes("Delete") ? undefined : "Retain";
}

/** The policy of an object that no class has accepted. */
export function ownDeletionPolicy(
  { deletionPolicy }: Pick<InstanceProfileSpec, "deletionPolicy">,
  fallback: DefaultDeletionPolicy | undefined,
): DeletionPolicy | undefined {
  return deletionPolicy ?? withoutOrigin(fallback);
}

/** `Delete` as a default deletes only what the controller created, as without a default. */
function withoutOrigin(fallback: DefaultDeletionPolicy | undefined): "Retain" | undefined {
  return fallback === "Retain" ? fallback : undefined;
}

/** The name of the class when it denies the annotation `force-delete`; undefined when the annotation has an effect. */
export function forceDeleteDeniedBy({ metadata, spec }: InstanceProfileClass): string | undefined {
  return spec.allowForceDelete ? undefined : metadata.name;
}
