import type { DesiredState } from "../../model/desired-state.ts";
import {
  ASSOCIATED_BY_TAG,
  clusterInMarker,
  formerMarkerOf,
  markerOf,
  mayHaveFormerMarkers,
} from "../../model/instances/association-tags.ts";
import { type InstanceFacts, isProfileArn, type ObservedInstance } from "../../model/instances/instance.ts";
import { type InstanceClaim, selects } from "../../model/instances/instance-claim.ts";
import type { ObservedState } from "../../model/observed-state.ts";
import { ownershipOf } from "../../model/ownership.ts";
import { afterHandOver, isLedFrom, leadOf } from "../../plan/after-hand-over.ts";

/**
 * The observed state of an instance for one object: whether the object selects it, and whether it has the object's
 * marker.
 */
export function observedInstanceFor(
  desired: DesiredState,
  state: ObservedState,
  { tags, ...facts }: InstanceFacts,
  claims: readonly InstanceClaim[],
): ObservedInstance {
  const { owner, presence } = desired;
  const key = `${owner.namespace}/${owner.name}`;
  const isMatched = matchesSelector(desired, { ...facts, tags });
  const isSelected = presence === "present" && isMatched;
  const marker = tags[ASSOCIATED_BY_TAG];
  const formerMarker = isMatched && isFormerlyMarked(desired, state, { ...facts, tags }) ? marker : undefined;
  const isMarked = formerMarker !== undefined || marker === markerOf(owner, facts.instanceId);
  const rank = claims.findIndex((claim) => claim.key === key);
  const [first] = claims;
  const precededBy = isSelected && first !== undefined && first.key !== key ? first.key : undefined;
  const profileArn = facts.association?.profileArn;
  const isYielded =
    isSelected &&
    isMarked &&
    profileArn !== undefined &&
    claims.slice(rank + 1).some((rival) => isProfileArn(profileArn, rival.profile));
  return { ...facts, isSelected, isMarked, ...(formerMarker !== undefined && { formerMarker }), precededBy, isYielded };
}

function matchesSelector({ instances }: DesiredState, facts: InstanceFacts): boolean {
  return instances !== undefined && selects(instances, facts);
}

/**
 * A marker of an earlier version does not name the instance, so a copy of it looks the same. It counts only until the
 * markers of the profile have been migrated, and one of a cluster that the role was adopted from as long as the tags of the role say so; both only
 * on instances that the spec selects and that have the profile: those that the controller would associate anyway.
 */
function isFormerlyMarked(
  desired: DesiredState,
  state: ObservedState,
  { tags, association, instanceId }: InstanceFacts,
): boolean {
  const { owner } = desired;
  const after = afterHandOver(desired, state);
  const { instanceProfile } = after;
  if (instanceProfile.presence === "absent" || ownershipOf(instanceProfile.tags, owner).kind !== "owned") return false;
  const marker = tags[ASSOCIATED_BY_TAG] ?? "";
  const isOfEarlierVersion = mayHaveFormerMarkers(instanceProfile.tags) && marker === formerMarkerOf(owner);
  const other = clusterInMarker(marker, owner, instanceId) ?? clusterInShortMarker(desired, marker, instanceId);
  const isOfOtherCluster = other !== undefined && isLedFrom(desired, leadOf(desired, after), other);
  if (!isOfEarlierVersion && !isOfOtherCluster) return false;
  return association !== undefined && isProfileArn(association.profileArn, instanceProfile);
}

/** A marker that is shortened does not show its cluster, so only the cluster that the spec names can be recognized in it. */
function clusterInShortMarker(desired: DesiredState, marker: string, instanceId: string): string | undefined {
  const from = desired.presence === "present" ? desired.handOver?.from : undefined;
  return from !== undefined && marker === markerOf({ ...desired.owner, clusterId: from }, instanceId)
    ? from
    : undefined;
}
