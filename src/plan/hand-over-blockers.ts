import type { DesiredPresent } from "../model/desired-state.ts";
import { type HandOver, isAdoptedFrom, isHandedOverTo, otherClusterOf } from "../model/hand-over.ts";
import { sameName } from "../model/naming.ts";
import type { ObservedInstanceProfile, ObservedManagedPolicy, ObservedState } from "../model/observed-state.ts";
import { formerClusterId, type Owner, TAG_KEYS } from "../model/ownership.ts";
import { isAdoptedWithRole, isLedByRole, type Lead, managesRole } from "./after-hand-over.ts";
import { type Blocker, HANDED_OVER } from "./plan.ts";
import { usedByOthers } from "./role/guard-role.ts";

/** A role, an instance profile or a managed policy, whose owner tags a hand-over changes. */
export type Entity = Lead | ObservedManagedPolicy;

/** What keeps an object from its role, or its instance profile where others manage the role: another cluster owns it or has adopted it. */
export function leadBlockers(desired: DesiredPresent, lead: Lead | undefined): readonly Blocker[] {
  const other = lead && otherClusterOf(lead.tags, desired.owner);
  if (lead === undefined || other === undefined)
    return isStillHandedOver(desired.handOver, lead) ? [handedOver(desired)] : [];
  return ownedElsewhere(desired, lead, other);
}

function ownedElsewhere(desired: DesiredPresent, lead: Lead, other: string): readonly Blocker[] {
  const { owner, handOver = {} } = desired;
  if (handOver.from === other) return isAdoptedFrom(lead.tags, owner.clusterId) ? [conflict(lead, other)] : [];
  if (handOver.denied === other) return [notAllowed(lead, other)];
  if (formerClusterId(lead.tags, owner) !== undefined) return [];
  const isKnown = idOf(lead) === handOver.knownId || handOver.to !== undefined;
  return isKnown || isAdoptedFrom(lead.tags, owner.clusterId) ? [handedOver(desired, other)] : [];
}

/**
 * True while status says that another cluster has adopted the role, and AWS shows it as absent, or as owned by this object as before: the read
 * may lag. Only `spec.adoptFrom` brings it back, and then the tags say from which cluster.
 */
export function isStillHandedOver({ to, from }: HandOver = {}, lead: Lead | undefined): boolean {
  return to !== undefined && from !== to && !(lead !== undefined && isAdoptedFrom(lead.tags, to));
}

/** The blocker of an object whose role another cluster has adopted. */
function handedOver(desired: DesiredPresent, other = desired.handOver?.to): Blocker {
  const { role, instanceProfile, owner } = desired;
  const title = managesRole(desired)
    ? `role ${role.roleName}`
    : `instance profile ${instanceProfile.instanceProfileName}`;
  return handedOverBlocker(owner, title, other ?? "");
}

/** The blocker of an object whose role, or instance profile, the cluster has adopted. */
export function handedOverBlocker(
  { namespace, name }: Pick<Owner, "namespace" | "name">,
  title: string,
  clusterId: string,
): Blocker {
  const message =
    `${title} is handed over: InstanceProfile ${namespace}/${name} of cluster ${clusterId} has adopted it, so this object writes nothing to ` +
    `AWS. Delete this object, which leaves AWS as it is, or set spec.adoptFrom.clusterId to ${clusterId} to adopt it back.`;
  return { reason: HANDED_OVER, message };
}

function conflict(lead: Lead, other: string): Blocker {
  const message =
    `${titleOf(lead)} was adopted from this cluster by cluster ${other}, whose object still has spec.adoptFrom: both objects adopt from each ` +
    `other. Remove spec.adoptFrom from the object in cluster ${other}; this object then adopts. If that cluster is gone, remove the tag ` +
    `${TAG_KEYS.adoptedFrom}.`;
  return { reason: "HandOverConflict", message };
}

function notAllowed(lead: Lead, other: string): Blocker {
  const message =
    `${titleOf(lead)} is owned by cluster ${other}, and an object without a class can adopt from another cluster only if the controller ` +
    "runs with --allow-adopt-from. Ask the operator to allow it, preferably in a class (allowedAdoptFrom).";
  return { reason: "AdoptFromNotAllowed", message };
}

/** What would give others another role or other policies: the rest follows the role, and goes nowhere without it. */
export function followerBlockers(
  desired: DesiredPresent,
  before: ObservedState,
  adopted: readonly Entity[],
): readonly Blocker[] {
  const profiles = adopted.filter((entity) => "id" in entity);
  const policies = adopted.filter((entity) => "policyId" in entity);
  // Others keep what they use: a client may write the tags of the role alone, and the role may be one of this cluster.
  const byTags = policies.filter((policy) => !isAdoptedWithRole(desired, before.role, policy));
  return [
    ...otherProfileBlockers(desired, before),
    ...profiles.flatMap((profile) => profileBlockers(desired, profile, before)),
    ...byTags.flatMap((policy) => usedByOthers(desired, policy)),
  ];
}

/** The instance profile of the former object would keep the role, with no object that deletes it. */
function otherProfileBlockers(desired: DesiredPresent, { role }: ObservedState): readonly Blocker[] {
  if (!managesRole(desired) || role.presence === "absent" || !isHandedOverTo(desired, role.tags)) return [];
  const { instanceProfileName } = desired.instanceProfile;
  const [name, ...others] = role.instanceProfileNames ?? [];
  if (name === undefined || [name, ...others].some((held) => sameName(held, instanceProfileName))) return [];
  const message =
    `role ${role.roleName} of cluster ${desired.handOver?.from} is in instance profile ${[name, ...others].join(", ")}, and the spec names ` +
    `${instanceProfileName}: the former would stay with that cluster and keep the role. Create the object with instanceProfileName: ${name}.`;
  return [{ reason: "InstancesUseProfile", message }];
}

/** An instance profile that another client has emptied goes only with a role of the same cluster, because it does not show its role. */
function profileBlockers(
  desired: DesiredPresent,
  { tags, instanceProfileName, roleName: holds }: ObservedInstanceProfile,
  before: ObservedState,
): readonly Blocker[] {
  const from = otherClusterOf(tags, desired.owner) ?? "";
  const isManaged = managesRole(desired);
  const { roleName } = desired.role;
  const title = `instance profile ${instanceProfileName} of cluster ${from}`;
  const swapped = (why: string): Blocker => ({ reason: "InstancesUseProfile", message: `${title} holds ${why}` });
  if (holds === undefined && isManaged && !isLedByRole(desired, before.role, tags)) {
    return [
      swapped(
        `no role, and role ${roleName} is not of that cluster: its instances may have had other permissions. Add the role of that cluster to the ` +
          "instance profile and name it in spec.roleName, or delete the instance profile.",
      ),
    ];
  }
  if (holds !== undefined && !sameName(holds, roleName)) {
    return [
      swapped(
        `role ${holds}, and the spec names role ${roleName}: its instances would get other permissions. Create the object with roleName: ${holds}.`,
      ),
    ];
  }
  const isSplit =
    !isManaged && before.role.presence === "present" && otherClusterOf(before.role.tags, desired.owner) === from;
  return isSplit ? [splitBlocker(desired, from)] : [];
}

/** The former object would still own the role, by whose tags it decides what it may delete. */
function splitBlocker({ instanceProfile, role }: DesiredPresent, from: string): Blocker {
  const message =
    `instance profile ${instanceProfile.instanceProfileName} cannot be adopted from cluster ${from} without role ${role.roleName}, which the same ` +
    "object manages there. Remove spec.role.management, to adopt both.";
  return { reason: "OwnedByAnother", message };
}

function idOf(lead: Lead): string {
  return "roleId" in lead ? lead.roleId : lead.id;
}

/** An entity as messages name it. */
export function titleOf(entity: Entity): string {
  if ("policyId" in entity) return `managed policy ${entity.arn}`;
  if ("roleId" in entity) return `role ${entity.roleName}`;
  return `instance profile ${entity.instanceProfileName}`;
}
