import type { Owner, Tags } from "../ownership.ts";
import type { InstanceFacts, ProfileName } from "./instance.ts";
import { ASSOCIATED_BY_TAG, markerOf } from "./instance-marker.ts";

/** Which instances an object wants its profile on. */
export interface DesiredInstances {
  readonly region: string;
  /** Every one of these tags must match; undefined when the object names ids. */
  readonly matchTags: Tags | undefined;
  /** Sorted; empty when the object has a selector. */
  readonly ids: readonly string[];
  /** What becomes of another profile on a selected instance. */
  readonly replacesOthers: boolean;
  readonly priority: ClaimPriority;
}

/** What decides between objects that select one instance, where none of them has it. Authors choose none of it. */
export interface ClaimPriority {
  /** RFC 3339, when the controller recorded in status that the object claims these instances; undefined before. */
  readonly claimedTime: string | undefined;
  /** The object cannot claim anything now: it is suspended, a dry run, blocked, or has no instance profile because its creation failed. */
  readonly isHeldBack: boolean;
  /** RFC 3339, since when the object exists; empty for a manifest that was never in a cluster. */
  readonly createdTime: string;
}

/** What one object of the cluster asks for, as far as another one must know it. */
export interface InstanceClaim {
  /** `namespace/name`. */
  readonly key: string;
  /** Of the object; empty for a manifest that was never in a cluster. */
  readonly uid: string;
  readonly instances: DesiredInstances;
  readonly profile: ProfileName;
  /** Whom the tag on an instance names that was associated for it. */
  readonly owner: Owner;
}

/** True when the object means this instance. */
export function selects(
  desired: DesiredInstances,
  { instanceId, region, tags }: Pick<InstanceFacts, "instanceId" | "region" | "tags">,
): boolean {
  if (region !== desired.region) return false;
  if (desired.matchTags === undefined) return desired.ids.includes(instanceId);
  return Object.entries(desired.matchTags).every(([key, value]) => Object.hasOwn(tags, key) && tags[key] === value);
}

/**
 * Orders the claims on one instance so that the one that wins comes first. The object that the marker on the instance names keeps it
 * for as long as it claims it; EC2 has one marker at most, and only the controller writes it. Where there is none, {@link compareClaims}
 * decides.
 */
export function inOrderOn(
  { instanceId, tags }: Pick<InstanceFacts, "instanceId" | "tags">,
  claims: readonly InstanceClaim[],
): readonly InstanceClaim[] {
  const marker = tags[ASSOCIATED_BY_TAG];
  const isHolder = ({ owner }: InstanceClaim): boolean => marker === markerOf(owner, instanceId);
  const inOrder = claims.toSorted(compareClaims);
  const holder = marker === undefined ? undefined : inOrder.find(isHolder);
  return holder === undefined ? inOrder : [holder, ...inOrder.filter((claim) => claim !== holder)];
}

/**
 * Orders claims so that the one that wins comes first: recorded claims by the time of the record, then those that the controller can
 * record, then those of objects that are held back. Among claims that are not recorded the older object comes first, then the uid,
 * and a manifest that was never in a cluster comes last.
 */
export function compareClaims(one: InstanceClaim, other: InstanceClaim): number {
  const [priority, otherPriority] = [one.instances.priority, other.instances.priority];
  return (
    rankOf(priority) - rankOf(otherPriority) ||
    compareRecords(priority.claimedTime, otherPriority.claimedTime) ||
    compareCreation(priority.createdTime, otherPriority.createdTime) ||
    compareText(one.uid, other.uid) ||
    compareText(one.key, other.key)
  );
}

/** True for a claim that is not recorded, of an object that the controller is about to reconcile. */
export function isPendingClaim({ instances: { priority } }: InstanceClaim): boolean {
  return rankOf(priority) === 1;
}

function rankOf({ claimedTime, isHeldBack }: ClaimPriority): number {
  if (claimedTime !== undefined) return 0;
  return isHeldBack ? 2 : 1;
}

function compareRecords(one: string | undefined, other: string | undefined): number {
  return one === undefined || other === undefined ? 0 : Date.parse(one) - Date.parse(other);
}

function compareCreation(one: string, other: string): number {
  if (one === other) return 0;
  if (one === "") return 1;
  return other === "" ? -1 : compareText(one, other);
}

function compareText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
