import type { DesiredPresent } from "../model/desired-state.ts";
import { nameKey } from "../model/naming.ts";
import type { ObservedInstanceProfile, ObservedManagedPolicy, ObservedRole } from "../model/observed-state.ts";
import {
  DECIDING_TAG_KEYS,
  formerClusterId,
  type Owner,
  type Ownership,
  ownershipOf,
  TAG_PREFIX,
} from "../model/ownership.ts";
import type { Blocker } from "./plan.ts";

/** Whether an existing entity may be written. `adopted` tells whether it was, or is now, adopted. */
export type OwnershipVerdict =
  | { readonly kind: "allowed"; readonly adopted: boolean }
  | { readonly kind: "refused"; readonly blocker: Blocker };

/**
 * Decides whether the object may write an existing role or profile. Only the owner tags prove ownership; a matching name does not.
 */
export function verifyOwnership(
  desired: DesiredPresent,
  entity: ObservedRole | ObservedInstanceProfile | ObservedManagedPolicy,
): OwnershipVerdict {
  const what = titleOf(entity);
  const ownership = ownershipOf(entity.tags, desired.owner);
  const formerly = guardClusterId(desired.owner, entity);
  if (formerly !== undefined) return { kind: "refused", blocker: formerly };
  if (ownership.kind === "ownedByAnother")
    return refused("OwnedByAnother", `${what} ${ownedByAnother(desired, ownership)}`);
  if (ownership.kind === "unowned" && !desired.mayAdopt) return notAdopted(desired, what);
  // The path of a managed policy is part of the ARN that it was found by.
  if ("policyId" in entity) return allowed(ownership);
  const wantedPath = "roleId" in entity ? desired.role.path : desired.instanceProfile.path;
  if (ownership.kind === "unowned" && isReservedByAws(entity.path)) {
    return refused(
      "AdoptionNotAllowed",
      `${what} has path ${entity.path}, so an AWS service manages it, and it cannot be adopted. Choose another name.`,
    );
  }
  if (entity.path !== wantedPath) {
    return refused(
      "PathConflict",
      `${what} exists with path ${entity.path}, and the spec has path ${wantedPath}; IAM cannot change a path. ` +
        "Create the object with the existing path, or delete the existing entity.",
    );
  }
  return allowed(ownership);
}

function allowed(ownership: Exclude<Ownership, { readonly kind: "ownedByAnother" }>): OwnershipVerdict {
  return { kind: "allowed", adopted: ownership.kind === "unowned" || ownership.adopted };
}

/**
 * The blocker for an entity that has the tags of this very object under another cluster id: without it, a deletion would release the
 * object and leave the entity, because it is not owned.
 */
export function guardClusterId(
  owner: Owner,
  entity: ObservedRole | ObservedInstanceProfile | ObservedManagedPolicy,
): Blocker | undefined {
  const former = formerClusterId(entity.tags, owner);
  if (former === undefined) return undefined;
  const message =
    `${titleOf(entity)} has the tags of this object with cluster id ${former}, and this controller runs with cluster id ${owner.clusterId}. ` +
    "Start the controller with the former --cluster-id, or set spec.adoptFrom.clusterId to it.";
  return { reason: "OwnedByAnother", message };
}

function notAdopted({ isAdoptionDenied }: DesiredPresent, what: string): OwnershipVerdict {
  if (isAdoptionDenied) {
    return refused(
      "AdoptionNotAllowed",
      `${what} already exists and was not created by this object. spec.adoptionPolicy is IfExists, and an object without a class can adopt ` +
        "only if the controller runs with --allow-adoption. Choose another name, or ask the operator to allow adoption, preferably in a class.",
    );
  }
  return refused(
    "AlreadyExists",
    `${what} already exists and was not created by this object. Choose another name, or set adoptionPolicy: IfExists to adopt it.`,
  );
}

/** True for service-linked roles, and for roles that AWS reserves for its own console and IAM Identity Center. */
function isReservedByAws(path: string): boolean {
  return ["/aws-service-role/", "/aws-reserved/"].some((prefix) => nameKey(path).startsWith(prefix));
}

function titleOf(entity: ObservedRole | ObservedInstanceProfile | ObservedManagedPolicy): string {
  if ("policyId" in entity) return `managed policy ${entity.arn}`;
  if ("roleId" in entity) return `role ${entity.roleName}`;
  return `instance profile ${entity.instanceProfileName}`;
}

function ownedByAnother(
  desired: DesiredPresent,
  owner: Extract<Ownership, { readonly kind: "ownedByAnother" }>,
): string {
  const { clusterId, namespace, name } = owner;
  if ([clusterId, namespace, name].includes(undefined)) {
    return (
      `has only some of the tags ${DECIDING_TAG_KEYS.join(", ")}, so its owner is unknown. ` +
      "Restore the missing tags, or remove all of them."
    );
  }
  const isOfOtherCluster = namespace === desired.owner.namespace && name === desired.owner.name;
  const adoptFrom = isOfOtherCluster
    ? `, or set spec.adoptFrom.clusterId to ${clusterId} to adopt from that cluster`
    : "";
  return (
    `is owned by InstanceProfile ${namespace}/${name}${elsewhere(desired, clusterId)}. Choose another name, or delete that ` +
    `object first${adoptFrom}. If that object no longer exists, remove the tags ${TAG_PREFIX}* and set adoptionPolicy: IfExists.`
  );
}

function elsewhere(desired: DesiredPresent, clusterId: string | undefined): string {
  return clusterId === desired.owner.clusterId ? "" : ` of cluster ${clusterId}`;
}

function refused(reason: string, message: string): OwnershipVerdict {
  return { kind: "refused", blocker: { reason, message } };
}
