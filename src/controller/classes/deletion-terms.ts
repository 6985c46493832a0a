import type { AcceptedClass, InstanceProfile } from "../../api/instance-profile.ts";
import type { InstanceProfileClass } from "../../api/instance-profile-class.ts";
import {
  type DefaultDeletionPolicy,
  type DeletionTerms,
  effectiveDeletionPolicy,
  ownDeletionPolicy,
} from "../../plan/class/class-deletion.ts";
import { isInDeletion } from "../reconcile/subject.ts";

/** The defaults of the CRD. */
const DEFAULT_TERMS: DeletionTerms = { allowedDeletionPolicies: ["Delete"], allowForceDelete: false };

/** The record of an acceptance with the current deletion terms of the class. */
export function withDeletionTerms(
  { name, accountId, acceptedTime }: AcceptedClass,
  { spec }: Pick<InstanceProfileClass, "spec">,
): AcceptedClass {
  const { deletionPolicy, allowedDeletionPolicies, allowForceDelete } = spec;
  return {
    name,
    accountId,
    acceptedTime,
    allowedDeletionPolicies,
    allowForceDelete,
    ...(deletionPolicy !== undefined && { deletionPolicy }),
  };
}

/**
 * Applies the recorded deletion terms to an object in deletion whose class cannot be resolved: otherwise it would escape the bounds
 * of the class that accepted it as soon as that class is deleted. Only the controller writes the record.
 *
 * @param fallback the operator's default policy
 */
export function underRecordedTerms(object: InstanceProfile, fallback?: DefaultDeletionPolicy): InstanceProfile {
  if (!isInDeletion(object)) return object;
  const accepted = object.status?.class;
  const { deletionPolicy: _, ...spec } = object.spec;
  const deletionPolicy =
    accepted === undefined
      ? ownDeletionPolicy(object.spec, fallback)
      : effectiveDeletionPolicy(object.spec, { ...DEFAULT_TERMS, ...accepted }, fallback);
  return { ...object, spec: { ...spec, ...(deletionPolicy !== undefined && { deletionPolicy }) } };
}

/** The name of the class that accepted the object and did not allow the annotation `force-delete`. */
export function forceDeniedByRecord({ status }: Pick<InstanceProfile, "status">): string | undefined {
  const accepted = status?.class;
  return accepted === undefined || (accepted.allowForceDelete ?? DEFAULT_TERMS.allowForceDelete)
    ? undefined
    : accepted.name;
}
