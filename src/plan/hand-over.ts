import type { DesiredPresent, DesiredState } from "../model/desired-state.ts";
import { isHandedOverTo, otherClusterOf, tagsOfHandOver } from "../model/hand-over.ts";
import type { Absent, ObservedState } from "../model/observed-state.ts";
import { formerClusterId, ownershipOf, TAG_KEYS } from "../model/ownership.ts";
import type { Action } from "./action.ts";
import { afterHandOver, type Lead, leadOf } from "./after-hand-over.ts";
import { type Entity, followerBlockers, isStillHandedOver, leadBlockers, titleOf } from "./hand-over-blockers.ts";
import { type Blocker, HANDED_OVER, type Note } from "./plan.ts";

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
  const adopted = moved(observed, after).map(([entity]) => entity);
  return {
    actions: [...forgedTag(desired, lead), ...actions],
    last: endedBy(desired, lead, observed),
    blockers: followerBlockers(desired, observed, adopted),
    notes: actions.length === 0 ? [] : [noteOf(desired, adopted)],
    after,
  };
}

const NOTHING: Pick<HandOverPlan, "actions" | "last" | "blockers" | "notes"> = {
  actions: [],
  last: [],
  blockers: [],
  notes: [],
};

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
    if (entity.presence === "absent" || now?.presence !== "present") return [];
    return entity.tags[TAG_KEYS.clusterId] === now.tags[TAG_KEYS.clusterId] ? [] : [[entity, now] as const];
  });
}

/** Tells who loses what. */
function noteOf({ owner }: DesiredPresent, entities: readonly Entity[]): Note {
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
