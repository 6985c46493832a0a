import type { DesiredPresent, DesiredState } from "../model/desired-state.ts";
import {
  adoptedFromTag,
  type HandOver,
  isAdoptedFrom,
  isHandedOverTo,
  otherClusterOf,
  tagsOfHandOver,
} from "../model/hand-over.ts";
import { sameName } from "../model/naming.ts";
import type {
  Absent,
  ObservedInstanceProfile,
  ObservedManagedPolicy,
  ObservedRole,
  ObservedState,
} from "../model/observed-state.ts";
import { formerClusterId, type Owner, ownershipOf, TAG_KEYS, type Tags } from "../model/ownership.ts";
import type { Action } from "./action.ts";
import { type Blocker, HANDED_OVER, type Note } from "./plan.ts";
import { usedByOthers } from "./role/guard-managed-policy.ts";
import { applyAction } from "./simulate.ts";

/** The part of a plan that moves what the object has in AWS from one cluster to another. */
export interface HandOverPlan {
  /** The owner tags alone, those of the role first. */
  readonly actions: readonly Action[];
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
  const from = desired.handOver?.from;
  if (from === undefined) return { ...NOTHING, actions: endedBy(desired, lead), after: observed };
  const actions = adoptions(desired, observed, from);
  return {
    actions,
    blockers: actions.length === 0 ? [] : followerBlockers(desired, observed, from),
    notes: actions.length === 0 ? [] : [noteOf(desired, observed, from)],
    after: actions.reduce((state, action) => applyAction(state, action), observed),
  };
}

const NOTHING: Pick<HandOverPlan, "actions" | "blockers" | "notes"> = { actions: [], blockers: [], notes: [] };

type Lead = ObservedRole | ObservedInstanceProfile;
type Entity = Lead | ObservedManagedPolicy;

/** The entity whose tags decide who owns everything of the object: the role, or the instance profile where others manage the role. */
function leadOf(desired: DesiredState, { role, instanceProfile }: ObservedState): Lead | undefined {
  const isManaged = desired.presence === "absent" ? !desired.isRoleExternal : desired.roleManagement === "managed";
  const lead = isManaged ? role : instanceProfile;
  return lead.presence === "absent" ? undefined : lead;
}

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
  const { role, instanceProfile, owner, roleManagement } = desired;
  const isManaged = roleManagement === "managed";
  const title = isManaged ? `role ${role.roleName}` : `instance profile ${instanceProfile.instanceProfileName}`;
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

/** The writes of the owner tags, for what belongs to the cluster that the object adopts from. */
function adoptions(desired: DesiredPresent, observed: ObservedState, from: string): readonly Action[] {
  const { role, instanceProfile, managedPolicies = [] } = observed;
  const isFrom = (tags: Tags): boolean => isHandedOverTo(desired, tags);
  const moved = tagsOfHandOver(desired.owner);
  const movedLead = (tags: Tags): Tags => ({ ...moved, ...adoptedFromTag(tags, { ...desired.handOver, from }) });
  const isManaged = desired.roleManagement === "managed";
  const policies = isManaged ? managedPolicies.filter(({ tags }) => isFrom(tags)) : [];
  return [
    ...(isManaged && isPresent(role) && isFrom(role.tags)
      ? [{ kind: "TagRole" as const, roleName: role.roleName, tags: movedLead(role.tags) }]
      : []),
    ...policies.map(({ arn }) => ({ kind: "TagPolicy" as const, ownPolicyArn: arn, tags: moved })),
    ...(isPresent(instanceProfile) && isFrom(instanceProfile.tags)
      ? [
          {
            kind: "TagInstanceProfile" as const,
            instanceProfileName: instanceProfile.instanceProfileName,
            tags: isManaged ? moved : movedLead(instanceProfile.tags),
          },
        ]
      : []),
  ];
}

function isPresent<T extends { readonly presence: "present" }>(entity: T | Absent): entity is T {
  return entity.presence === "present";
}

/** What would give others another role or other policies: the rest follows the role, and goes nowhere without it. */
function followerBlockers(desired: DesiredPresent, observed: ObservedState, from: string): readonly Blocker[] {
  const { role, instanceProfile, managedPolicies = [] } = observed;
  const holds = isPresent(instanceProfile) ? instanceProfile.roleName : undefined;
  const isAdopted = isPresent(instanceProfile) && isHandedOverTo(desired, instanceProfile.tags);
  const isSwap = isAdopted && holds !== undefined && !sameName(holds, desired.role.roleName);
  const unled = isPresent(role) ? [] : managedPolicies.filter(({ tags }) => isHandedOverTo(desired, tags));
  const isSplit = isAdopted && desired.roleManagement !== "managed" && isPresent(role) && isOf(desired, role, from);
  return [
    ...(isSwap ? [swapBlocker(desired, holds, from)] : []),
    ...(isSplit ? [splitBlocker(desired, from)] : []),
    ...unled.flatMap((policy) => usedByOthers(desired, policy)),
  ];
}

function swapBlocker({ instanceProfile, role }: DesiredPresent, holds: string, from: string): Blocker {
  const message =
    `instance profile ${instanceProfile.instanceProfileName} of cluster ${from} holds role ${holds}, and the spec names role ` +
    `${role.roleName}: its instances would get other permissions. Create the object with roleName: ${holds}.`;
  return { reason: "InstancesUseProfile", message };
}

function isOf({ owner }: DesiredPresent, { tags }: ObservedRole, clusterId: string): boolean {
  return otherClusterOf(tags, owner) === clusterId;
}

/** The former object would still own the role, by whose tags it decides what it may delete. */
function splitBlocker({ instanceProfile, role }: DesiredPresent, from: string): Blocker {
  const message =
    `instance profile ${instanceProfile.instanceProfileName} cannot be adopted from cluster ${from} without role ${role.roleName}, which the same ` +
    "object manages there. Remove spec.role.management, to adopt both.";
  return { reason: "OwnedByAnother", message };
}

/** Tells who loses what. */
function noteOf(desired: DesiredPresent, observed: ObservedState, from: string): Note {
  const { owner } = desired;
  const entities: readonly (Entity | Absent)[] = [
    observed.role,
    ...(observed.managedPolicies ?? []),
    observed.instanceProfile,
  ];
  const titles = entities
    .filter(isPresent)
    .filter(({ tags }) => isHandedOverTo(desired, tags))
    .map(titleOf);
  const message =
    `adopts ${titles.join(", ")} from InstanceProfile ${owner.namespace}/${owner.name} of cluster ${from}, whose controller then no longer ` +
    "writes them";
  return { reason: "AdoptsFromCluster", message };
}

/** Without `spec.adoptFrom`, the role may be adopted by any cluster again, also by those that it came from. */
function endedBy({ owner, roleManagement, handOver }: DesiredPresent, lead: Lead | undefined): readonly Action[] {
  if (lead?.tags[TAG_KEYS.adoptedFrom] === undefined || handOver?.denied !== undefined) return [];
  if (ownershipOf(lead.tags, owner).kind !== "owned") return [];
  const tagKeys = [TAG_KEYS.adoptedFrom];
  if ("roleId" in lead && roleManagement === "managed")
    return [{ kind: "UntagRole", roleName: lead.roleName, tagKeys }];
  return "id" in lead ? [{ kind: "UntagInstanceProfile", instanceProfileName: lead.instanceProfileName, tagKeys }] : [];
}

function idOf(lead: Lead): string {
  return "roleId" in lead ? lead.roleId : lead.id;
}

function titleOf(entity: Entity): string {
  if ("policyId" in entity) return `managed policy ${entity.arn}`;
  if ("roleId" in entity) return `role ${entity.roleName}`;
  return `instance profile ${entity.instanceProfileName}`;
}
