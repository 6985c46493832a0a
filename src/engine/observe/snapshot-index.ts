import type { ObjectMeta } from "../../api/instance-profile.ts";
import { type DesiredAbsent, type DesiredPresent, type DesiredState, roleNameOf } from "../../model/desired-state.ts";
import { REGIONS_TAG } from "../../model/instances/association-tags.ts";
import { nameKey } from "../../model/naming.ts";
import type { Absent, ObservedInstanceProfile } from "../../model/observed-state.ts";
import { ownershipOf, TAG_KEYS, type Tags } from "../../model/ownership.ts";
import type { AccountSnapshot, ListedNames } from "./account-snapshot.ts";
import type { RoleParts } from "./observe-iam.ts";
import type { StaleObservation } from "./stale-observation.ts";

/** What a reconcile starts from instead of reading everything. */
export type StartingPoint =
  /**
   * The scan found neither a role nor an instance profile of these names: the first write is a create, which IAM
   * refuses where they exist.
   */
  | { readonly kind: "absent" }
  /** The scan observed the object's role and instance profile a moment ago. */
  | { readonly kind: "observed"; readonly observation: StaleObservation }
  /** The scan listed the parts of a role that is to be deleted. */
  | { readonly kind: "parts"; readonly parts: RoleParts }
  /** Read everything. */
  | { readonly kind: "unknown" };

/** The starting point of a reconcile that uses no scan. */
export const UNKNOWN: StartingPoint = { kind: "unknown" };

/** The object that a reconcile is about. */
export interface IndexQuery extends Pick<ObjectMeta, "uid" | "generation"> {
  /** `namespace/name`. */
  readonly key: string;
  /** Nothing was ever created for the object. */
  readonly isNew: boolean;
  /** A user waits, so an observation of the scan does not suffice, except of an interrupted create. */
  readonly isUserWaiting: boolean;
}

/** The maximum age of an observation: the owner of the role may have changed since. */
const OBSERVATION_MAX_AGE_MS = 30_000;

type RecordedObservation = StaleObservation & Pick<ObjectMeta, "uid" | "generation"> & { readonly atMs: number };

/**
 * The results of the last account scan, as starting points for reconciles. Each fact is used once, so that a reconcile
 * that it misled reads everything the next time. Facts prove nothing: ownership of what is written is proved by a read
 * in the same reconcile.
 */
export class SnapshotIndex {
  /** The owner tags of instance profiles, which no scan shows. */
  readonly profiles: VerifiedProfiles;
  readonly #monotonicMs: () => number;
  #names: ListedNames | undefined;
  #roles = new Map<string, RoleParts>();
  #takenAtMs = Number.NEGATIVE_INFINITY;
  /** The names that were returned as absent since the scan. */
  readonly #usedNames = new Set<string>();
  readonly #observations = new Map<string, RecordedObservation>();

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
    this.profiles = new VerifiedProfiles(monotonicMs);
  }

  /** Replaces all facts with those of a new scan. */
  replace(snapshot: AccountSnapshot): void {
    const { roles, holders, takenAtMs, names } = snapshot;
    this.profiles.scanned(snapshot);
    this.#names = names;
    this.#takenAtMs = takenAtMs;
    this.#usedNames.clear();
    this.#roles = new Map(
      [...roles].map(([key, { inlinePolicyNames, managedPolicyArns }]) => [
        key,
        { inlinePolicyNames, managedPolicyArns, instanceProfileNames: holders.get(key) ?? [] },
      ]),
    );
  }

  /** Records that, by the scan, AWS differs from the object's spec or status. */
  record(key: string, { uid, generation }: RecordedIdentity, observation: StaleObservation, atMs: number): void {
    this.#observations.set(key, { ...observation, uid, generation, atMs });
  }

  /** Where a reconcile of the object may start. */
  startingPoint(desired: DesiredState, query: IndexQuery): StartingPoint {
    const observation = this.#takeObservation(query);
    if (desired.presence === "absent") {
      const parts = this.#takeParts(desired.roleName);
      if (parts === undefined) return UNKNOWN;
      const instanceProfile = this.profiles.take(desired);
      return { kind: "parts", parts: instanceProfile === undefined ? parts : { ...parts, instanceProfile } };
    }
    const isNew = query.isNew || observation?.isOfInterruptedCreate === true;
    if (isNew && !desired.mayAdopt && this.#takeAbsent(desired)) return { kind: "absent" };
    return observation === undefined ? UNKNOWN : { kind: "observed", observation };
  }

  /** Removes the parts of a role that the controller has written; the next scan reads them again. */
  forgetRole(desired: DesiredState): void {
    this.#roles.delete(nameKey(roleNameOf(desired)));
  }

  /** Removes the observation of an object that is in sync or deleted. */
  forget(key: string): void {
    this.#observations.delete(key);
  }

  #takeObservation({ key, uid, generation, isUserWaiting }: IndexQuery): StaleObservation | undefined {
    const known = this.#observations.get(key);
    this.#observations.delete(key);
    if (known === undefined || (isUserWaiting && known.isOfInterruptedCreate !== true)) return undefined;
    if (known.uid !== uid || known.generation !== generation) return undefined;
    return this.#monotonicMs() - known.atMs < OBSERVATION_MAX_AGE_MS ? known : undefined;
  }

  #takeParts(roleName: string): RoleParts | undefined {
    const parts = this.#roles.get(nameKey(roleName));
    this.#roles.delete(nameKey(roleName));
    return this.#monotonicMs() - this.#takenAtMs < SCAN_MAX_AGE_MS ? parts : undefined;
  }

  #takeAbsent({ role, instanceProfile }: DesiredPresent): boolean {
    const [roleName, profileName] = [nameKey(role.roleName), nameKey(instanceProfile.instanceProfileName)];
    const listed = this.#names;
    if (listed === undefined || this.#monotonicMs() - listed.listedAtMs >= SCAN_MAX_AGE_MS) return false;
    if (listed.roles.has(roleName) || listed.instanceProfiles.has(profileName)) return false;
    const names = [`role ${roleName}`, `instance profile ${profileName}`];
    if (names.some((name) => this.#usedNames.has(name))) return false;
    for (const name of names) this.#usedNames.add(name);
    return true;
  }
}

type RecordedIdentity = Pick<ObjectMeta, "uid" | "generation">;

/** The time in which the tags of every instance profile are read once. */
export const PROFILE_TAG_CYCLE_MS: number = 6 * 3_600_000;
/** How long the tags of a profile are presumed: a cycle, and the requests that wait at its end. */
const TAGS_MAX_AGE_MS = 1.25 * PROFILE_TAG_CYCLE_MS;
/** The maximum age of the names from a scan, of the parts of roles, and of the profiles that it listed. */
const SCAN_MAX_AGE_MS = 900_000;
const MAX_PROFILES = 20_000;

/** What this process has read, or written at creation. */
interface Verified {
  readonly profile: ObservedInstanceProfile;
  readonly atMs: number;
}

/** A profile in the last scan. */
interface Listed {
  readonly id: string;
  readonly roleName: string | undefined;
}

/**
 * A cache of the owner tags of instance profiles, which no list contains: as this process has last read them, or set at
 * creation, by name. With a scan that lists the same id, they stand in for a read before a deletion.
 */
export class VerifiedProfiles {
  readonly #monotonicMs: () => number;
  /** By name key, the most recently verified last. */
  readonly #profiles = new Map<string, Verified>();
  /** By name key, as the last scan listed them. */
  readonly #listed = new Map<string, Listed>();
  #listedAtMs = Number.NEGATIVE_INFINITY;

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** Records a profile as IAM has returned it, or as this process has created it. */
  verify(profile: ObservedInstanceProfile | Absent): void {
    if (profile.presence === "absent") return;
    const key = nameKey(profile.instanceProfileName);
    this.#profiles.delete(key);
    const tags = ownerTagsOf(profile.tags);
    if (tags === undefined) return;
    this.#profiles.set(key, { profile: { ...profile, tags }, atMs: this.#monotonicMs() });
    const [oldest] = this.#profiles.keys();
    if (oldest !== undefined && this.#profiles.size > MAX_PROFILES) this.#profiles.delete(oldest);
  }

  /** Forgets a profile whose tags may have changed. */
  forget(instanceProfileName: string): void {
    this.#profiles.delete(nameKey(instanceProfileName));
  }

  /** Records what the scan listed. A profile that it did not list, or with another id, is another one now, or gone. */
  scanned({ instanceProfiles, names: { listedAtMs } }: Pick<AccountSnapshot, "instanceProfiles" | "names">): void {
    this.#listed.clear();
    for (const [key, { id, roleName }] of instanceProfiles) this.#listed.set(key, { id, roleName });
    this.#listedAtMs = listedAtMs;
    for (const [key, { profile, atMs }] of this.#profiles) {
      if (this.#listed.get(key)?.id !== profile.id && atMs < listedAtMs) this.#profiles.delete(key);
    }
  }

  /**
   * The profile of an object in deletion, where it is presumed to be as recorded: owned by the object, holding its
   * role, and on no instance of another region. Used once.
   */
  take({ owner, roleName, instanceProfileName }: DesiredAbsent): ObservedInstanceProfile | undefined {
    const key = nameKey(instanceProfileName);
    const [verified, listed] = [this.#profiles.get(key), this.#listed.get(key)];
    this.#profiles.delete(key);
    if (verified === undefined || listed === undefined) return undefined;
    const { profile, atMs } = verified;
    const nowMs = this.#monotonicMs();
    if (nowMs - atMs >= TAGS_MAX_AGE_MS || nowMs - this.#listedAtMs >= SCAN_MAX_AGE_MS) return undefined;
    if (listed.id !== profile.id || nameKey(listed.roleName ?? "") !== nameKey(roleName)) return undefined;
    if (profile.tags[REGIONS_TAG] !== undefined) return undefined;
    const isOwned = ownershipOf(profile.tags, owner).kind === "owned";
    return isOwned ? { ...profile, roleName: listed.roleName } : undefined;
  }
}

const KEPT_TAGS: readonly string[] = [...Object.values(TAG_KEYS), REGIONS_TAG];

/** The tags that a deletion depends on; undefined for a profile of others. */
function ownerTagsOf(tags: Tags): Tags | undefined {
  if (tags[TAG_KEYS.name] === undefined) return undefined;
  return Object.fromEntries(KEPT_TAGS.flatMap((key) => (tags[key] === undefined ? [] : [[key, tags[key]]])));
}
