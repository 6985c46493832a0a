import type { InstanceProfile } from "../../api/instance-profile.ts";
import type { InstancesClaim, InstancesSpec } from "../../api/instances.ts";
import type { Owner, Tags } from "../ownership.ts";
import { ASSOCIATED_BY_TAG, markerOf } from "./association-tags.ts";
import type { InstanceFacts, ProfileName } from "./instance.ts";

/** The instances that an object selects for its instance profile. */
export interface DesiredInstances {
  readonly region: string;
  /** Every one of these tags must match; undefined when the object names ids. */
  readonly matchTags: Tags | undefined;
  /** Sorted; empty when the object has a selector. */
  readonly ids: readonly string[];
  /** True when another profile on a selected instance is replaced. */
  readonly replacesOthers: boolean;
  readonly priority: ClaimPriority;
}

/** What decides between objects that select one instance which none of them has. Authors cannot choose any of it. */
export interface ClaimPriority {
  /** RFC 3339: when the controller recorded the claim in status; undefined before. */
  readonly claimedTime: string | undefined;
  /** True when the object cannot claim now: it is suspended, a dry run, blocked, or its instance profile could not be created. */
  readonly isHeldBack: boolean;
  /** RFC 3339: the creation time of the object; empty for a manifest that was never in a cluster. */
  readonly createdTime: string;
}

/** The claim of one object of the cluster on instances. */
export interface InstanceClaim {
  /** `namespace/name`. */
  readonly key: string;
  /** The uid of the object; empty for a manifest that was never in a cluster. */
  readonly uid: string;
  readonly instances: DesiredInstances;
  readonly profile: ProfileName;
  /** The owner that the marker on an associated instance names. */
  readonly owner: Owner;
}

/** True when the object selects this instance. */
export function selects(
  desired: DesiredInstances,
  { instanceId, region, tags }: Pick<InstanceFacts, "instanceId" | "region" | "tags">,
): boolean {
  if (region !== desired.region) return false;
  if (desired.matchTags === undefined) return desired.ids.includes(instanceId);
  return Object.entries(desired.matchTags).every(([key, value]) => Object.hasOwn(tags, key) && tags[key] === value);
}

/**
 * Orders the claims on one instance, the winner first. The object that the marker on the instance names keeps the instance for as long as
 * it claims it; an instance has at most one marker, which only the controller writes. Without a marker, {@link compareClaims} decides.
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
 * Compares two claims, so that the winner comes first: recorded claims by the time of the record, then claims that the controller can
 * record, then claims of objects that are held back. Claims without a record are ordered by the age of the object, then by uid; a manifest
 * that was never in a cluster comes last.
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

/** True for a claim without a record that the controller can record. */
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

/**
 * True for an object for which the controller associates no instances: it is suspended, a dry run, blocked, or its instance profile could
 * not be created, according to its status.
 */
export function isHeldBack({ spec, status }: Pick<InstanceProfile, "spec" | "status">): boolean {
  const has = (type: string, wanted: string): boolean =>
    status?.conditions?.some((condition) => condition.type === type && condition.status === wanted) ?? false;
  const hasFailedCreate = status?.instanceProfile?.arn === undefined && has("Ready", "False");
  return spec.suspend || spec.mode === "DryRun" || has("Stalled", "True") || hasFailedCreate;
}

/** The part of an object that its claim on instances depends on. */
type Claimant = Pick<InstanceProfile, "status"> & { readonly metadata: Pick<InstanceProfile["metadata"], "uid"> };

/**
 * The record in status of the claim with these `instances`; undefined when the controller has recorded none. A record of another
 * selection, or of another object (a backup that was restored with a new uid), does not count.
 */
export function recordedClaim({ metadata, status }: Claimant, instances: InstancesSpec): InstancesClaim | undefined {
  const claim = status?.instances?.claim;
  if (claim === undefined || Number.isNaN(Date.parse(claim.time))) return undefined;
  return claim.selection === selectionText(metadata.uid, instances) ? claim : undefined;
}

/** Creates a record of the claim, with a time after the latest known claim even if the clock is behind. */
export function newClaimRecord(
  { metadata }: Pick<Claimant, "metadata">,
  instances: InstancesSpec,
  { nowMs, latestTime }: { readonly nowMs: number; readonly latestTime: string },
): InstancesClaim {
  const latestMs = latestTime === "" ? Number.NEGATIVE_INFINITY : Date.parse(latestTime);
  return {
    time: new Date(Math.max(nowMs, latestMs + 1)).toISOString(),
    selection: selectionText(metadata.uid, instances),
  };
}

/** The object and the instances of a claim. `onConflict` is not part of it. */
function selectionText(uid: string, { region, selector, ids = [] }: InstancesSpec): string {
  const tags = Object.entries(selector?.matchTags ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([uid, region, selector === undefined ? [...new Set(ids)].sort() : tags]);
}
