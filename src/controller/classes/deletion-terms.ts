import type { AcceptedClass, InstanceProfile } from "../../api/instance-profile.ts";
import type { InstanceProfileClass } from "../../api/instance-profile-class.ts";
import { type DeletionTerms, effectiveDeletionPolicy } from "../../plan/class/class-deletion.ts";
import { isInDeletion } from "../reconcile/subject.ts";

/** What a class says that says nothing, as the CRD has it. */
const LEAST: DeletionTerms = { allowedDeletionPolicies: ["Delete"], allowForceDelete: false };

/** The record of an acceptance with what the class says about deletion now. */
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
 * An object that no class can be found for. Where a class has accepted it, its deletion is bounded by what that class last said: the
 * object would outgrow its class otherwise as soon as the class is gone. Only the controller writes that record.
 */
export function underRecordedTerms(object: InstanceProfile): InstanceProfile {
  const accepted = object.status?.class;
  if (accepted === undefined || !isInDeletion(object)) return object;
  const { deletionPolicy: _, ...spec } = object.spec;
  const deletionPolicy = effectiveDeletionPolicy(object.spec, { ...LEAST, ...accepted });
  return { ...object, spec: { ...spec, ...(deletionPolicy !== undefined && { deletionPolicy }) } };
}

/** The name of the class that accepted the object and did not allow the annotation `force-delete`. */
export function forceDeniedByRecord({ status }: Pick<InstanceProfile, "status">): string | undefined {
  const accepted = status?.class;
  return accepted === undefined || (accepted.allowForceDelete ?? LEAST.allowForceDelete) ? undefined : accepted.name;
}
