import type { DesiredAbsent, DesiredPresent, DesiredState } from "../../model/desired-state.ts";
import type { InstanceFacts, ObservedInstance, ObservedInstances } from "../../model/instances/instance.ts";
import { compareClaims, type InstanceClaim, inOrderOn, isPendingClaim } from "../../model/instances/instance-claim.ts";
import { recordedRegions } from "../../model/instances/recorded-regions.ts";
import type { ObservedState } from "../../model/observed-state.ts";
import { ownershipOf } from "../../model/ownership.ts";
import { diffInstances } from "../../plan/instances/diff-instances.ts";
import type { AccountInstances } from "../accounts/aws-account.ts";
import type { ClaimIndex } from "./instance-claims.ts";
import { asSeenBy } from "./instance-view.ts";
import { usersOf } from "./profile-users.ts";
import type { RegionSnapshot } from "./region-snapshots.ts";

/** What a look at EC2 needs. */
export interface InstanceObservation extends AccountInstances {
  readonly claims: ClaimIndex;
  /** Somebody waits for the pass: what an instance was a minute ago is not good enough. */
  readonly isAwaited: boolean;
}

/** How new a look at EC2 must be that decides over a write, or that a person waits for. */
export const FRESH_MS = 2_000;

/** One observation: for which object, and where. */
interface Query<Desired extends DesiredState = DesiredState> {
  readonly desired: Desired;
  readonly state: ObservedState;
  readonly regions: readonly string[];
  readonly deps: InstanceObservation;
  readonly signal: AbortSignal;
}

/**
 * Adds to what IAM has of an object what EC2 has of it. Costs nothing for an object that never had to do with instances; one
 * shared reading per region for one that has; and one call per region for any object that goes with its profile.
 *
 * Errors: of an object that is to be, none but the signal's: what could not be read is told in the state, and the rest goes
 * on. Of one that goes, those of the reads, for what was associated must not be forgotten.
 */
export async function observeInstances(
  desired: DesiredState,
  state: ObservedState,
  deps: InstanceObservation,
  signal: AbortSignal,
): Promise<ObservedState> {
  const regions = regionsOf(desired, state);
  if (desired.presence === "absent") {
    const instances = await whatHoldsBack({ desired, state, regions, deps, signal });
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

/** Who uses the instance profile that the object is about to adopt: with another role in it they would run with that. */
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
  return { ...state, adoptedUsers: await usersOf(instanceProfile, regions, deps, { force: false }, signal) };
}

const NOTHING_FOUND: ObservedInstances = { found: [], missingIds: [], unsearched: [] };

/** Where the object has, or may have, associations: what it asks for, and what its profile remembers. */
function regionsOf({ owner, instances }: DesiredState, { instanceProfile }: ObservedState): readonly string[] {
  const wanted = instances === undefined ? [] : [instances.region];
  if (instanceProfile.presence === "absent") return wanted;
  const ownership = ownershipOf(instanceProfile.tags, owner).kind;
  if (ownership === "ownedByAnother") return [];
  return [...new Set([...wanted, ...(ownership === "owned" ? recordedRegions(instanceProfile.tags) : [])])].sort();
}

/** A look that leads to writes must be fresh; one that leads to none need not be. */
async function observePresent(query: Query<DesiredPresent>): Promise<ObservedInstances> {
  const { desired, state, deps } = query;
  if (!deps.isAwaited) {
    const instances = await readRegions(query, deps.intervalMs);
    if (diffInstances(desired, { ...state, instances }).length === 0) return instances;
  }
  return readRegions(query, FRESH_MS);
}

async function readRegions(query: Query, maxAgeMs: number): Promise<ObservedInstances> {
  const { desired, regions, deps, signal } = query;
  const read = await Promise.all(regions.map((region) => deps.snapshots.get(region, maxAgeMs, signal)));
  const seen = read.flatMap((snapshot) => seenIn(snapshot, query));
  const found = seen.map(({ instance }) => instance);
  const { ids = [], region = "" } = (desired.presence === "present" ? desired.instances : undefined) ?? {};
  const there = new Set(found.map(({ instanceId }) => instanceId));
  const isLater = seen.some(({ isAfterPending }) => isAfterPending);
  return {
    ...NOTHING_FOUND,
    found,
    missingIds: ids.filter((id) => !there.has(id)),
    ...(!isLater && { latestClaimTime: deps.claims.latestTimeIn(region) }),
  };
}

/** An instance that is the object's concern. */
interface SeenInstance {
  readonly instance: ObservedInstance;
  /** A claim that wins over the object's is yet to be recorded. */
  readonly isAfterPending: boolean;
}

function seenIn(snapshot: RegionSnapshot, { desired, state, deps }: Query): readonly SeenInstance[] {
  const onInstance = deps.claims.on(snapshot);
  return [...snapshot.instances.values()].flatMap((facts) => {
    const claims = withOwn(desired, facts, onInstance(facts.instanceId));
    const instance = asSeenBy(desired, state, facts, claims);
    if (!instance.isSelected && !instance.isMarked) return [];
    return [{ instance, isAfterPending: instance.isSelected && isAfterPending(desired, claims) }];
  });
}

function isAfterPending(desired: DesiredState, claims: readonly InstanceClaim[]): boolean {
  const own = claims.find(isOwnOf(desired));
  return own !== undefined && claims.some((claim) => isPendingClaim(claim) && compareClaims(claim, own) < 0);
}

/** Until its status says that an object is no longer blocked, its claim does not count for others, and has its place for itself. */
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

/** What an object that goes has to take off instances, and who else uses its profile. */
async function whatHoldsBack(query: Query<DesiredAbsent>): Promise<ObservedInstances | undefined> {
  const { desired, state, regions, deps, signal } = query;
  const { instanceProfile } = state;
  const ownership =
    instanceProfile.presence === "absent" ? undefined : ownershipOf(instanceProfile.tags, desired.owner);
  if (ownership !== undefined && ownership.kind !== "owned") return undefined;
  const released = await whenRead(desired, () => readRegions(query, FRESH_MS));
  const stays = desired.retention === "ByOrigin" && ownership?.adopted === true;
  if (instanceProfile.presence === "absent" || stays) return regions.length === 0 ? undefined : released;
  const { users, unsearched } = await usersOf(instanceProfile, regions, deps, desired, signal);
  const known = new Set(released.found.map(({ instanceId }) => instanceId));
  const others = users.filter(({ instanceId }) => !known.has(instanceId));
  return {
    ...released,
    found: [...released.found, ...others.map((facts) => asSeenBy(desired, state, facts, []))],
    unsearched,
  };
}

/** Whoever forces a deletion does without what cannot be read. */
async function whenRead(desired: DesiredAbsent, read: () => Promise<ObservedInstances>): Promise<ObservedInstances> {
  if (!desired.force) return read();
  return read().catch(() => NOTHING_FOUND);
}
