import type { DesiredAbsent } from "../../model/desired-state.ts";
import { REGIONS_TAG } from "../../model/instances/recorded-regions.ts";
import { nameKey } from "../../model/naming.ts";
import type { Absent, ObservedInstanceProfile } from "../../model/observed-state.ts";
import { ownershipOf, TAG_KEYS, type Tags } from "../../model/ownership.ts";
import type { AccountSnapshot } from "./account-snapshot.ts";

/** The time in which the tags of every instance profile are read once. */
export const PROFILE_TAG_CYCLE_MS: number = 6 * 3_600_000;
/** How long the tags of a profile are presumed: a cycle, and the requests that wait at its end. */
const TAGS_MAX_AGE_MS = 1.25 * PROFILE_TAG_CYCLE_MS;
/** The maximum age of the names from a scan, of the parts of roles, and of the profiles that it listed. */
export const SCAN_MAX_AGE_MS = 900_000;
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
