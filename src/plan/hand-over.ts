import type { DesiredPresent, DesiredState } from "../model/desired-state.ts";
import { type HandOver, isAdoptedFrom, isHandedOverTo, otherClusterOf, tagsOfHandOver } from "../model/hand-over.ts";
import { sameName } from "../model/naming.ts";
import type { Absent, ObservedInstanceProfile, ObservedManagedPolicy, ObservedState } from "../model/observed-state.ts";
import { formerClusterId, type Owner, ownershipOf, TAG_KEYS } from "../model/ownership.ts";
import type { Action } from "./action.ts";
import { afterHandOver, isAdoptedWithRole, isLedByRole, type Lead, leadOf, managesRole } from "./after-hand-over.ts";
import { type Blocker, HANDED_OVER, type Note } from "./plan.ts";
import { usedByOthers } from "./role/guard-managed-policy.ts";

/** The part of a plan that moves what the object has in AWS from one cluster to another. */
export interface HandOverPlan {
  /** The owner tags alone, those of the role first. */
  readonly actions: readonly Action[];
  /** What comes after the rest of the plan. */
  readonly last: readonly Action[];
  readonly blockers: readonly Blocker[];
  readonly notes: readonly Note[];
  /** The state after the actions, which the rest of the plan starts from. */
  readonly after: ObservedState;
  /** The cluster that has adopted what the object had. */
  readonly handedOverTo?: string;
}

/**
 * Plans the adoption from another cluster, or blocks the object whose role another cluster has adopted. The tags of the role decide who
 * owns all of it, so they are written first and nothing else is written to what the former cluster owns.
 */
export function planHandOver(desired: DesiredPresent, observed: ObservedState): HandOverPlan {
  const lead = leadOf(desired, observed);
  const blockers = leadBlockers(desired, lead);
  if (blockers.length > 0) {
    const to = (lead && otherClusterOf(lead.tags, desired.owner)) ?? desired.handOver?.to;
    const isHandedOver = to !== undefined && blockers.some(({ reason }) => reason === HANDED_OVER);
    return { ...NOTHING, blockers, after: observed, ...(isHandedOver && { handedOverTo: to }) };
  }
  const after = afterHandOver(desired, observed);
  const actions = moves(desired, observed, after);
  return {
    actions: [...forgedTag(desired, lead), ...actions],
    last: endedBy(desired, lead, observed),
    blockers: followerBlockers(desired, observed, after),
    notes: actions.length === 0 ? [] : [noteOf(desired, observed, after)],
    after,
  };
}

const NOTHING: Pick<HandOverPlan, "actions" | "last" | "blockers" | "notes"> = {
  actions: [],
  last: [],
  blockers: [],
  notes: [],
};

type Entity = Lead | ObservedManagedPolicy;

/**
 * True when the object of another cluster owns the role, or has adopted it by the object's status, so that nothing of what this object has had
 * is written any more, whatever the tags of the rest say.
 */
export function isOwnedElsewhere(desired: DesiredState, observed: ObservedState): boolean {
  const lead = leadOf(desired, observed);
  const handOver = desired.presence === "absent" ? desired.handOverBefore : desired.handOver;
  if (lead === undefined || otherClusterOf(lead.tags, desired.owner) === undefined)
    return isStillHandedOver(handOver, lead);
  // The controller runs with another cluster id than before.
  if (formerClusterId(lead.tags, desired.owner) !== undefined) return false;
  return desired.presence === "absent" || !isHandedOverTo(desired, lead.tags);
}

function leadBlockers(desired: DesiredPresent, lead: Lead | undefined): readonly Blocker[] {
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
function isStillHandedOver({ to, from }: HandOver = {}, lead: Lead | undefined): boolean {
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

/** The writes of the owner tags that lead from one state to the other, those of the role first. */
export function moves(desired: DesiredState, before: ObservedState, after: ObservedState): readonly Action[] {
  return moved(before, after).map(([{ tags }, entity]): Action => {
    const { [TAG_KEYS.adoptedFrom]: adoptedFrom } = entity.tags;
    const isNew = adoptedFrom !== undefined && adoptedFrom !== tags[TAG_KEYS.adoptedFrom];
    const owner = { ...tagsOfHandOver(desired.owner), ...(isNew && { [TAG_KEYS.adoptedFrom]: adoptedFrom }) };
    if ("policyId" in entity) return { kind: "TagPolicy", ownPolicyArn: entity.arn, tags: owner };
    if ("roleId" in entity) return { kind: "TagRole", roleName: entity.roleName, tags: owner };
    return { kind: "TagInstanceProfile", instanceProfileName: entity.instanceProfileName, tags: owner };
  });
}

/** The entities whose tags differ, before and after. */
function moved(before: ObservedState, after: ObservedState): readonly (readonly [Entity, Entity])[] {
  const entitiesOf = ({ role, managedPolicies = [], instanceProfile }: ObservedState): readonly (Entity | Absent)[] => [
    role,
    ...managedPolicies,
    instanceProfile,
  ];
  const later = entitiesOf(after);
  return entitiesOf(before).flatMap((entity, index) => {
    const now = later[index];
    if (now === undefined || !isPresent(entity) || !isPresent(now)) return [];
    return entity.tags[TAG_KEYS.clusterId] === now.tags[TAG_KEYS.clusterId] ? [] : [[entity, now] as const];
  });
}

function isPresent<T extends { readonly presence: "present" }>(entity: T | Absent): entity is T {
  return entity.presence === "present";
}

/** What would give others another role or other policies: the rest follows the role, and goes nowhere without it. */
function followerBlockers(desired: DesiredPresent, before: ObservedState, after: ObservedState): readonly Blocker[] {
  const all = moved(before, after).map(([entity]) => entity);
  const profiles = all.filter((entity) => "id" in entity);
  const policies = all.filter((entity) => "policyId" in entity);
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
  if (!managesRole(desired) || !isPresent(role) || !isHandedOverTo(desired, role.tags)) return [];
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
  const isSplit = !isManaged && isPresent(before.role) && otherClusterOf(before.role.tags, desired.owner) === from;
  return isSplit ? [splitBlocker(desired, from)] : [];
}

/** The former object would still own the role, by whose tags it decides what it may delete. */
function splitBlocker({ instanceProfile, role }: DesiredPresent, from: string): Blocker {
  const message =
    `instance profile ${instanceProfile.instanceProfileName} cannot be adopted from cluster ${from} without role ${role.roleName}, which the same ` +
    "object manages there. Remove spec.role.management, to adopt both.";
  return { reason: "OwnedByAnother", message };
}

/** Tells who loses what. */
function noteOf({ owner }: DesiredPresent, before: ObservedState, after: ObservedState): Note {
  const entities = moved(before, after).map(([entity]) => entity);
  const clusters = [...new Set(entities.map(({ tags }) => otherClusterOf(tags, owner) ?? ""))];
  const message =
    `adopts ${entities.map(titleOf).join(", ")} from InstanceProfile ${owner.namespace}/${owner.name} of cluster ${clusters.join(", ")}, whose ` +
    "controller then no longer writes them";
  return { reason: "AdoptsFromCluster", message };
}

/**
 * Without `spec.adoptFrom`, the role may be adopted by any cluster again, also by those that it came from. The tag goes last: until then, it
 * says what else moves.
 */
function endedBy(
  { owner, handOver }: DesiredPresent,
  lead: Lead | undefined,
  { instances }: ObservedState,
): readonly Action[] {
  const hasAdoptFrom = handOver?.from !== undefined || handOver?.denied !== undefined;
  if (lead === undefined || hasAdoptFrom || instances?.unreadable !== undefined) return [];
  return ownershipOf(lead.tags, owner).kind === "owned" ? withoutTag(lead) : [];
}

/** The tag on a role without an owner is not the controller's: it must not say what else moves once the object has adopted the role. */
function forgedTag({ owner, mayAdopt }: DesiredPresent, lead: Lead | undefined): readonly Action[] {
  return lead !== undefined && mayAdopt && ownershipOf(lead.tags, owner).kind === "unowned" ? withoutTag(lead) : [];
}

function withoutTag(lead: Lead): readonly Action[] {
  const tagKeys = [TAG_KEYS.adoptedFrom];
  if (lead.tags[TAG_KEYS.adoptedFrom] === undefined) return [];
  if ("roleId" in lead) return [{ kind: "UntagRole", roleName: lead.roleName, tagKeys }];
  return [{ kind: "UntagInstanceProfile", instanceProfileName: lead.instanceProfileName, tagKeys }];
}

function idOf(lead: Lead): string {
  return "roleId" in lead ? lead.roleId : lead.id;
}

function titleOf(entity: Entity): string {
  if ("policyId" in entity) return `managed policy ${entity.arn}`;
  if ("roleId" in entity) return `role ${entity.roleName}`;
  return `instance profile ${entity.instanceProfileName}`;
}
