import { ConflictError, dispositionOf } from "../errors.ts";
import type { DesiredAbsent, DesiredPresent, DesiredState } from "../model/desired-state.ts";
import { type InstanceFacts, isProfileArn, type ObservedInstance, type ObservedInstances } from "../model/instance.ts";
import { compareClaims, type InstanceClaim, selects } from "../model/instance-claim.ts";
import { ASSOCIATED_BY_TAG, markerOf } from "../model/instance-marker.ts";
import type { ObservedState } from "../model/observed-state.ts";
import { ownershipOf } from "../model/ownership.ts";
import { recordedRegions } from "../model/recorded-regions.ts";
import { diffInstances } from "../plan/diff-instances.ts";
import type { AccountInstances } from "./aws-account.ts";
import type { ClaimIndex } from "./instance-claims.ts";
import type { InstanceReader } from "./instance-ports.ts";
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
  if (regions.length === 0) return state;
  try {
    return await observePresent(desired, state, regions, deps, signal);
  } catch (error) {
    signal.throwIfAborted();
    return { ...state, instances: { ...NOTHING_FOUND, unreadable: error } };
  }
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
    instances: await readRegions(desired, regions, { ...deps, maxAgeMs }, signal),
  });
  if (!deps.isAwaited) {
    const routine = await look(deps.intervalMs);
    if (diffInstances(desired, routine).length === 0) return routine;
  }
  return look(FRESH_MS);
}

async function readRegions(
  desired: DesiredState,
  regions: readonly string[],
  { snapshots, claims, maxAgeMs }: Pick<InstanceObservation, "snapshots" | "claims"> & { readonly maxAgeMs: number },
  signal: AbortSignal,
): Promise<ObservedInstances> {
  const read = await Promise.all(regions.map((region) => snapshots.get(region, maxAgeMs, signal)));
  const found = read.flatMap((snapshot) => seenBy(desired, snapshot, claims));
  const ids = desired.presence === "present" ? (desired.instances?.ids ?? []) : [];
  const there = new Set(found.map(({ instanceId }) => instanceId));
  return { ...NOTHING_FOUND, found, missingIds: ids.filter((id) => !there.has(id)) };
}

/** The instances of a region that are the object's concern. */
function seenBy(desired: DesiredState, snapshot: RegionSnapshot, claims: ClaimIndex): readonly ObservedInstance[] {
  const onInstance = claims.on(snapshot);
  const marker = markerOf(desired.owner);
  return [...snapshot.instances.values()].flatMap((facts) => {
    const claims = withOwn(desired, marker, onInstance(facts.instanceId));
    const instance = asSeenBy(desired, facts, { marker, claims });
    return instance.isSelected || instance.isMarked ? [instance] : [];
  });
}

/** Until its status says that an object is no longer blocked, its claim does not count for others, and has its place for itself. */
function withOwn(desired: DesiredState, marker: string, claims: readonly InstanceClaim[]): readonly InstanceClaim[] {
  const { owner, instances } = desired;
  const key = `${owner.namespace}/${owner.name}`;
  if (desired.presence === "absent" || instances === undefined || claims.some((claim) => claim.key === key))
    return claims;
  const own = { key, uid: owner.uid, instances, profile: desired.instanceProfile, marker };
  return [...claims, own].sort(compareClaims);
}

function asSeenBy(
  { owner, presence, instances }: DesiredState,
  { tags, ...facts }: InstanceFacts,
  { marker, claims }: { readonly marker: string; readonly claims: readonly InstanceClaim[] },
): ObservedInstance {
  const key = `${owner.namespace}/${owner.name}`;
  const isSelected = presence === "present" && instances !== undefined && selects(instances, { ...facts, tags });
  const isMarked = tags[ASSOCIATED_BY_TAG] === marker;
  const rank = claims.findIndex((claim) => claim.key === key);
  const [first] = claims;
  const precededBy = isSelected && first !== undefined && first.key !== key ? first.key : undefined;
  const profileArn = facts.association?.profileArn;
  const isYielded =
    isSelected &&
    profileArn !== undefined &&
    claims
      .slice(rank + 1)
      .some(
        (rival) => isProfileArn(profileArn, rival.profile) && (isMarked || tags[ASSOCIATED_BY_TAG] === rival.marker),
      );
  return { ...facts, isSelected, isMarked, precededBy, isYielded };
}

/** What an object that goes has to take off instances, and who else uses its profile. */
async function whatHoldsBack(
  desired: DesiredAbsent,
  { instanceProfile }: ObservedState,
  regions: readonly string[],
  deps: InstanceObservation,
  signal: AbortSignal,
): Promise<ObservedInstances | undefined> {
  const ownership =
    instanceProfile.presence === "absent" ? undefined : ownershipOf(instanceProfile.tags, desired.owner);
  if (ownership !== undefined && ownership.kind !== "ours") return undefined;
  const released = await whenRead(desired, () =>
    readRegions(desired, regions, { ...deps, maxAgeMs: FRESH_MS }, signal),
  );
  const stays = desired.retention === "ByOrigin" && ownership?.adopted === true;
  if (instanceProfile.presence === "absent" || stays) return regions.length === 0 ? undefined : released;
  const { arn } = instanceProfile;
  if (!arn.startsWith("arn:")) {
    const message = `IAM does not show the ARN of instance profile ${desired.instanceProfileName} yet, by which its users are found`;
    throw new ConflictError(message, { reason: "NotYetVisible" });
  }
  const searched = [...new Set([...regions, ...(await deps.guardRegions())])].sort();
  const searches = await Promise.all(searched.map((region) => search(desired, arn, region, deps.reader, signal)));
  const known = new Set(released.found.map(({ instanceId }) => instanceId));
  const users = searches.flatMap(({ users }) => users).filter(({ instanceId }) => !known.has(instanceId));
  return {
    ...released,
    found: [
      ...released.found,
      ...users.map((facts) => asSeenBy(desired, facts, { marker: markerOf(desired.owner), claims: [] })),
    ],
    unsearched: searches.flatMap(({ unsearched }) => unsearched),
  };
}

/** Whoever forces a deletion does without what cannot be read. */
async function whenRead(desired: DesiredAbsent, read: () => Promise<ObservedInstances>): Promise<ObservedInstances> {
  if (!desired.force) return read();
  return read().catch(() => NOTHING_FOUND);
}

interface Search {
  readonly users: readonly InstanceFacts[];
  readonly unsearched: ObservedInstances["unsearched"];
}

/**
 * Who may not look is told so, and goes on: the controller need not have permissions for EC2. Every other failure passes, and
 * holds up whoever does not force his way.
 */
async function search(
  { force }: DesiredAbsent,
  profileArn: string,
  region: string,
  reader: InstanceReader,
  signal: AbortSignal,
): Promise<Search> {
  try {
    return { users: await reader.findUsers(profileArn, region, signal), unsearched: [] };
  } catch (error) {
    signal.throwIfAborted();
    if (dispositionOf(error) !== "blocked" && !force) throw error;
    return { users: [], unsearched: [{ region, why: error instanceof Error ? error.message : String(error) }] };
  }
}
