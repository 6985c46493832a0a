import { recordedOwnPolicies } from "../model/applied-record.ts";
import type { DesiredState } from "../model/desired-state.ts";
import {
  isAdoptedFrom,
  isHandedOverTo,
  otherClusterOf,
  ownershipAfterHandOver,
  tagsAfterHandOver,
  tagsOfHandOver,
} from "../model/hand-over.ts";
import { placeInRoleArn, sameName } from "../model/naming.ts";
import type {
  Absent,
  ObservedInstanceProfile,
  ObservedManagedPolicy,
  ObservedRole,
  ObservedState,
} from "../model/observed-state.ts";
import { type Ownership, ownershipOf, type Tags } from "../model/ownership.ts";

/** The entity whose tags decide who owns everything of the object: the role, or the instance profile where others manage the role. */
export type Lead = ObservedRole | ObservedInstanceProfile;

/** What follows the role. */
export type Follower = ObservedInstanceProfile | Pick<ObservedManagedPolicy, "arn" | "policyId" | "tags">;

/** False for an external role: no tags make it this object's. */
export function managesRole(desired: DesiredState): boolean {
  return desired.presence === "absent" ? !desired.isRoleExternal : desired.roleManagement === "managed";
}

/** The lead of an object; undefined if it does not exist. */
export function leadOf(desired: DesiredState, { role, instanceProfile }: ObservedState): Lead | undefined {
  const lead = managesRole(desired) ? role : instanceProfile;
  return lead.presence === "absent" ? undefined : lead;
}

/** The observed state as it is after the writes of tags by which the object adopts from other clusters. */
export function afterHandOver(desired: DesiredState, observed: ObservedState): ObservedState {
  const { role, instanceProfile, managedPolicies } = observed;
  const isLed = role.presence === "present" && managesRole(desired);
  return {
    ...observed,
    ...(isLed && { role: { ...role, tags: tagsAfterHandOver(desired, role.tags) } }),
    ...(instanceProfile.presence === "present" && {
      instanceProfile: { ...instanceProfile, tags: followerTags(desired, role, instanceProfile) },
    }),
    ...(managedPolicies !== undefined && {
      managedPolicies: managedPolicies.map((policy) => ({ ...policy, tags: followerTags(desired, role, policy) })),
    }),
  };
}

/** The ownership of an instance profile or a managed policy as in {@link afterHandOver}. */
export function followerOwnership(desired: DesiredState, role: ObservedRole | Absent, follower: Follower): Ownership {
  return ownershipOf(followerTags(desired, role, follower), desired.owner);
}

/** True for what the spec, and not only the tags of the role, lets the object adopt together with the role of that cluster. */
export function isAdoptedWithRole(desired: DesiredState, role: ObservedRole | Absent, { tags }: Follower): boolean {
  return isHandedOverTo(desired, tags) && isLedByRole(desired, role, tags);
}

/** True when the object owns the lead, and its tags say that it was adopted from the cluster. */
export function isLedFrom(desired: DesiredState, lead: Lead | undefined, clusterId: string): boolean {
  return (
    lead !== undefined && ownershipOf(lead.tags, desired.owner).kind === "owned" && isAdoptedFrom(lead.tags, clusterId)
  );
}

/** True when the role comes from the cluster that these tags of a follower name, or goes with them now. */
export function isLedByRole(desired: DesiredState, role: ObservedRole | Absent, tags: Tags): boolean {
  const other = otherClusterOf(tags, desired.owner);
  if (other === undefined || role.presence === "absent") return false;
  return isLedFrom(desired, { ...role, tags: tagsAfterHandOver(desired, role.tags) }, other);
}

function followerTags(desired: DesiredState, role: ObservedRole | Absent, follower: Follower): Tags {
  const { tags } = follower;
  if (!managesRole(desired)) return "roleName" in follower ? tagsAfterHandOver(desired, tags) : tags;
  const follows =
    isHandedOverTo(desired, tags) || (role.presence === "present" && followsRole(desired, role, follower));
  return follows ? { ...tags, ...tagsOfHandOver(desired.owner) } : tags;
}

/**
 * True for what belongs to a role that the object has adopted, and was left with the former cluster when the controller stopped in between. Only
 * tags and the membership in AWS say so, which no author writes: the role is owned and was adopted from that cluster, and it is in the
 * instance profile, or its tags name the managed policy. So it holds without `spec.adoptFrom` too, and in a deletion.
 */
function followsRole(desired: DesiredState, role: ObservedRole, follower: Follower): boolean {
  if (!isLedByRole(desired, role, follower.tags)) return false;
  if ("roleName" in follower) return sameName(follower.roleName, role.roleName);
  const place = placeInRoleArn(role.arn) ?? desired.place;
  return place !== undefined && recordedOwnPolicies(role.tags, place).includes(follower.arn);
}

/** The managed policies that the tags of an owned role name; empty for any other role. */
export function policiesNamedBy(
  desired: DesiredState,
  { arn, tags }: Pick<ObservedRole, "arn" | "tags">,
): readonly string[] {
  const known = placeInRoleArn(arn) ?? desired.place;
  const isOwned = ownershipAfterHandOver(desired, tags).kind === "owned";
  return known === undefined || !isOwned ? [] : recordedOwnPolicies(tags, known);
}
