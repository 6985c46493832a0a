import type { AcceptedClass, InstanceProfile, InstanceProfileStatus } from "../../api/instance-profile.ts";
import type { InstanceProfileClass } from "../../api/instance-profile-class.ts";
import type { KubeObject, ObjectClient, PatchOperation } from "../../engine/ports.ts";
import type { Evidence } from "../../model/ownership.ts";
import {
  type DefaultDeletionPolicy,
  type DeletionTerms,
  effectiveDeletionPolicy,
  ownDeletionPolicy,
} from "../../plan/class/class-deletion.ts";
import { isInDeletion } from "../reconcile/subject.ts";
import type { ClassBinding } from "./class-binding.ts";

/** True when this class, in this account, has accepted the object. */
export function isAcceptedBy(status: Evidence | undefined, by: InstanceProfileClass): boolean {
  const accepted = status?.class;
  return accepted?.name === by.metadata.name && accepted.accountId === by.spec.account.id;
}

/** The AWS account that the object is bound to; undefined before it is accepted or created. */
export function boundAccountId(status: Evidence | undefined): string | undefined {
  return status?.accountId ?? status?.class?.accountId;
}

/**
 * The record of the acceptance with the current deletion terms of the class; undefined for an object that its class has
 * not accepted.
 */
export function currentRecord(binding: ClassBinding): AcceptedClass | undefined {
  if (binding.kind !== "bound" || !binding.isAccepted) return undefined;
  const accepted = binding.object.status?.class;
  return accepted && withDeletionTerms(accepted, binding.class);
}

/** The part of a status that is written before anything in AWS: the acceptance, and the names that are used from then on. */
type FirstRecord = Required<Pick<InstanceProfileStatus, "class" | "role" | "instanceProfile">>;

/** The record of an object that its class accepts. */
export function firstRecord(
  { spec, status }: Pick<InstanceProfile, "spec" | "status">,
  of: AcceptedClass,
): FirstRecord {
  return {
    class: of,
    role: { ...status?.role, name: spec.roleName },
    instanceProfile: { ...status?.instanceProfile, name: spec.instanceProfileName },
  };
}

/** Writes the record to the status of exactly the version that was checked. Errors: those of the patch. */
export function writeAcceptance(
  objects: ObjectClient,
  { metadata, status }: Pick<InstanceProfile, "metadata" | "status">,
  record: FirstRecord,
  signal: AbortSignal,
): Promise<KubeObject> {
  const written: readonly PatchOperation[] =
    status === undefined
      ? [{ op: "add", path: "/status", value: { observedGeneration: -1, ...record } }]
      : Object.entries(record).map(([field, value]) => ({ op: "add", path: `/status/${field}`, value }));
  return objects.patchStatus(
    metadata,
    [
      { op: "test", path: "/metadata/uid", value: metadata.uid },
      { op: "test", path: "/metadata/resourceVersion", value: metadata.resourceVersion },
      ...written,
    ],
    signal,
  );
}

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
