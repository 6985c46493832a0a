import type { DesiredAbsent, DesiredPresent, DesiredState } from "../model/desired-state.ts";
import type { ObservedInstance, ObservedInstances } from "../model/instance.ts";
import { compareClaims, type InstanceClaim } from "../model/instance-claim.ts";
import type { ObservedState } from "../model/observed-state.ts";
import { ownershipOf } from "../model/ownership.ts";
import { recordedRegions } from "../model/recorded-regions.ts";
import { diffInstances } from "../plan/diff-instances.ts";
import type { AccountInstances } from "./aws-account.ts";
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
const FRESH_MS = 2_000;

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
    const instances = await whatHoldsBack(desired, state, regions, deps, signal);
    return instances === undefined ? state : { ...state, instances };
  }
  const known = await withAdoptedUsers(desired, state, regions, deps, signal);
  if (regions.length === 0) return known;
  try {
    return await observePresent(desired, known, regions, deps, signal);
  } catch (error) {
    signal.throwIfAborted();
    return { ...known, instances: { ...NOTHING_FOUND, unreadable: error } };
  }
}

/** Who uses the instance profile that the object is about to adopt: with another role in it they would run with that. */
async function withAdoptedUsers(
  desired: DesiredPresent,
  state: ObservedState,
  regions: readonly string[],
  deps: InstanceObservation,
  signal: AbortSignal,
): Promise<ObservedState> {
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
  if (ownership === "foreign") return [];
  return [...new Set([...wanted, ...(ownership === "ours" ? recordedRegions(instanceProfile.tags) : [])])].sort();
}

/** A look that leads to writes must be fresh; one that leads to none need not be. */
async function observePresent(
  desired: DesiredPresent,
  state: ObservedState,
  regions: readonly string[],
  deps: InstanceObservation,
  signal: AbortSignal,
): Promise<ObservedState> {
  const look = async (maxAgeMs: number): Promise<ObservedState> => ({
    ...state,
    instances: await readRegions(desired, state, regions, { ...deps, maxAgeMs }, signal),
  });
  if (!deps.isAwaited) {
    const routine = await look(deps.intervalMs);
    if (diffInstances(desired, routine).length === 0) return routine;
  }
  return look(FRESH_MS);
}

async function readRegions(
  desired: DesiredState,
  state: ObservedState,
  regions: readonly string[],
  { snapshots, claims, maxAgeMs }: Pick<InstanceObservation, "snapshots" | "claims"> & { readonly maxAgeMs: number },
  signal: AbortSignal,
): Promise<ObservedInstances> {
  const read = await Promise.all(regions.map((region) => snapshots.get(region, maxAgeMs, signal)));
  const found = read.flatMap((snapshot) => seenBy(desired, state, snapshot, claims));
  const ids = desired.presence === "present" ? (desired.instances?.ids ?? []) : [];
  const there = new Set(found.map(({ instanceId }) => instanceId));
  return { ...NOTHING_FOUND, found, missingIds: ids.filter((id) => !there.has(id)) };
}

/** The instances of a region that are the object's concern. */
function seenBy(
  desired: DesiredState,
  state: ObservedState,
  snapshot: RegionSnapshot,
  claims: ClaimIndex,
): readonly ObservedInstance[] {
  const onInstance = claims.on(snapshot);
  return [...snapshot.instances.values()].flatMap((facts) => {
    const instance = asSeenBy(desired, state, facts, withOwn(desired, onInstance(facts.instanceId)));
    return instance.isSelected || instance.isMarked ? [instance] : [];
  });
}

/** Until its status says that an object is no longer blocked, its claim does not count for others, and has its place for itself. */
function withOwn(desired: DesiredState, claims: readonly InstanceClaim[]): readonly InstanceClaim[] {
  const { owner, instances } = desired;
  const key = `${owner.namespace}/${owner.name}`;
  if (desired.presence === "absent" || instances === undefined || claims.some((claim) => claim.key === key))
    return claims;
  const own = { key, uid: owner.uid, instances, profile: desired.instanceProfile, owner };
  return [...claims, own].sort(compareClaims);
}

/** What an object that goes has to take off instances, and who else uses its profile. */
async function whatHoldsBack(
  desired: DesiredAbsent,
  state: ObservedState,
  regions: readonly string[],
  deps: InstanceObservation,
  signal: AbortSignal,
): Promise<ObservedInstances | undefined> {
  const { instanceProfile } = state;
  const ownership =
    instanceProfile.presence === "absent" ? undefined : ownershipOf(instanceProfile.tags, desired.owner);
  if (ownership !== undefined && ownership.kind !== "ours") return undefined;
  const released = await whenRead(desired, () =>
    readRegions(desired, state, regions, { ...deps, maxAgeMs: FRESH_MS }, signal),
  );
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
