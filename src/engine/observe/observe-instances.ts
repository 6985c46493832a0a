import type { DesiredAbsent, DesiredPresent, DesiredState } from "../../model/desired-state.ts";
import { recordedRegions } from "../../model/instances/association-tags.ts";
import type { InstanceFacts, ObservedInstance, ObservedInstances } from "../../model/instances/instance.ts";
import { compareClaims, type InstanceClaim, inOrderOn, isPendingClaim } from "../../model/instances/instance-claim.ts";
import type { ObservedState } from "../../model/observed-state.ts";
import { ownershipOf } from "../../model/ownership.ts";
import { followerOwnership } from "../../plan/after-hand-over.ts";
import { diffInstances } from "../../plan/instances/diff-instances.ts";
import type { AccountInstances } from "../accounts/aws-account.ts";
import type { ClaimIndex } from "./instance-claims.ts";
import { observedInstanceFor } from "./instance-view.ts";
import { FRESH_MS } from "./profile-usage.ts";
import { usersOf } from "./profile-users.ts";
import type { RegionSnapshot } from "./region-snapshots.ts";

/** What observing EC2 needs. */
export interface InstanceObservation extends AccountInstances {
  readonly claims: ClaimIndex;
  /** A user waits for the reconcile, so a snapshot that is a minute old is too old. */
  readonly isUserWaiting: boolean;
}

/** One observation: the object and the regions. */
interface Query<Desired extends DesiredState = DesiredState> {
  readonly desired: Desired;
  readonly state: ObservedState;
  readonly regions: readonly string[];
  readonly deps: InstanceObservation;
  readonly signal: AbortSignal;
}

/**
 * Adds the instances to the observed state of an object. Costs no request for an object without instances, one shared
 * read per region for an object with instances, and one request per region for an object whose profile is deleted.
 *
 * Errors: for an object that is present, only the signal's: a failed read is part of the state, and the reconcile
 * continues without it. For an object in deletion, those of the reads, because no association may be left behind.
 */
export async function observeInstances(
  desired: DesiredState,
  state: ObservedState,
  deps: InstanceObservation,
  signal: AbortSignal,
): Promise<ObservedState> {
  const regions = regionsOf(desired, state);
  if (desired.presence === "absent") {
    const instances = await observeAbsent({ desired, state, regions, deps, signal });
    return instances === undefined ? state : { ...state, instances };
  }
  const query = {
    desired,
    regions,
    deps,
    signal,
    state: await withAdoptedUsers({ desired, state, regions, deps, signal }),
  };
  if (regions.length === 0) return query.state;
  try {
    return { ...query.state, instances: await observePresent(query) };
  } catch (error) {
    signal.throwIfAborted();
    return { ...query.state, instances: { ...NOTHING_FOUND, unreadable: error } };
  }
}

/** Adds the instances that use a profile to be adopted: they would get the role that the adoption puts into it. */
async function withAdoptedUsers({
  desired,
  state,
  regions,
  deps,
  signal,
}: Query<DesiredPresent>): Promise<ObservedState> {
  const { instanceProfile } = state;
  if (!desired.mayAdopt || instanceProfile.presence === "absent") return state;
  if (ownershipOf(instanceProfile.tags, desired.owner).kind !== "unowned") return state;
  return { ...state, adoptedUsers: await usersOf(instanceProfile, regions, deps, ADOPTION, signal) };
}

const ADOPTION = { of: "adoption", force: false } as const;

const NOTHING_FOUND: ObservedInstances = { found: [], missingIds: [], unsearched: [] };

/** The regions where the object may have associations: that of its spec, and those that its profile records. */
function regionsOf(desired: DesiredState, { role, instanceProfile }: ObservedState): readonly string[] {
  const { instances } = desired;
  const wanted = instances === undefined ? [] : [instances.region];
  if (instanceProfile.presence === "absent") return wanted;
  const ownership = followerOwnership(desired, role, instanceProfile).kind;
  if (ownership === "ownedByAnother") return [];
  return [...new Set([...wanted, ...(ownership === "owned" ? recordedRegions(instanceProfile.tags) : [])])].sort();
}

/** A routine reconcile uses an older snapshot as long as it leads to no writes. */
async function observePresent(query: Query<DesiredPresent>): Promise<ObservedInstances> {
  const { desired, state, deps } = query;
  if (!deps.isUserWaiting) {
    const instances = await readRegions(query, deps.intervalMs);
    if (diffInstances(desired, { ...state, instances }).length === 0) return instances;
  }
  return readRegions(query, FRESH_MS);
}

async function readRegions(query: Query, maxAgeMs: number): Promise<ObservedInstances> {
  const { desired, regions, deps, signal } = query;
  const read = await Promise.all(regions.map((region) => deps.snapshots.get(region, maxAgeMs, signal)));
  const relevant = read.flatMap((snapshot) => relevantIn(snapshot, query));
  const found = relevant.map(({ instance }) => instance);
  const { ids = [], region = "" } = (desired.presence === "present" ? desired.instances : undefined) ?? {};
  const there = new Set(found.map(({ instanceId }) => instanceId));
  const isLater = relevant.some(({ isAfterPending }) => isAfterPending);
  return {
    ...NOTHING_FOUND,
    found,
    missingIds: ids.filter((id) => !there.has(id)),
    ...(!isLater && { latestClaimTime: deps.claims.latestTimeIn(region) }),
  };
}

/** An instance that the object selects or has marked. */
interface RelevantInstance {
  readonly instance: ObservedInstance;
  /** A claim that wins over the object's is not recorded yet. */
  readonly isAfterPending: boolean;
}

function relevantIn(snapshot: RegionSnapshot, { desired, state, deps }: Query): readonly RelevantInstance[] {
  const onInstance = deps.claims.on(snapshot);
  return [...snapshot.instances.values()].flatMap((facts) => {
    const claims = withOwn(desired, facts, onInstance(facts.instanceId));
    const instance = observedInstanceFor(desired, state, facts, claims);
    if (!instance.isSelected && !instance.isMarked) return [];
    return [{ instance, isAfterPending: instance.isSelected && isAfterPending(desired, claims) }];
  });
}

function isAfterPending(desired: DesiredState, claims: readonly InstanceClaim[]): boolean {
  const own = claims.find(isOwnOf(desired));
  return own !== undefined && claims.some((claim) => isPendingClaim(claim) && compareClaims(claim, own) < 0);
}

/**
 * Adds the object's own claim. While its status says that the object is blocked, the claim does not count for other
 * objects, only for itself.
 */
function withOwn(
  desired: DesiredState,
  facts: InstanceFacts,
  claims: readonly InstanceClaim[],
): readonly InstanceClaim[] {
  const { owner, instances, presence } = desired;
  if (presence === "absent" || instances === undefined || claims.some(isOwnOf(desired))) return claims;
  const own = { key: keyOf(desired), uid: owner.uid, instances, profile: desired.instanceProfile, owner };
  return inOrderOn(facts, [...claims, own]);
}

function isOwnOf(desired: DesiredState): (claim: InstanceClaim) => boolean {
  const own = keyOf(desired);
  return ({ key }) => key === own;
}

function keyOf({ owner: { namespace, name } }: DesiredState): string {
  return `${namespace}/${name}`;
}

/** The instances to disassociate from an object in deletion, and those that use its profile otherwise. */
async function observeAbsent(query: Query<DesiredAbsent>): Promise<ObservedInstances | undefined> {
  const { desired, state, regions, deps, signal } = query;
  const { role, instanceProfile } = state;
  const ownership =
    instanceProfile.presence === "absent" ? undefined : followerOwnership(desired, role, instanceProfile);
  if (ownership !== undefined && ownership.kind !== "owned") return undefined;
  const released = await whenRead(desired, () => readRegions(query, FRESH_MS));
  const stays = desired.retention === "ByOrigin" && ownership?.adopted === true;
  if (instanceProfile.presence === "absent" || stays) return regions.length === 0 ? undefined : released;
  const purpose = { of: "deletion", force: desired.force } as const;
  const { users, launchTemplates, unsearched } = await usersOf(instanceProfile, regions, deps, purpose, signal);
  const known = new Set(released.found.map(({ instanceId }) => instanceId));
  const others = users.filter(({ instanceId }) => !known.has(instanceId));
  return {
    ...released,
    found: [...released.found, ...others.map((facts) => observedInstanceFor(desired, state, facts, []))],
    launchTemplates,
    unsearched,
  };
}

/** A forced deletion ignores what cannot be read. */
async function whenRead(desired: DesiredAbsent, read: () => Promise<ObservedInstances>): Promise<ObservedInstances> {
  if (!desired.force) return read();
  return read().catch(() => NOTHING_FOUND);
}
