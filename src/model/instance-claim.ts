import type { InstanceFacts, ProfileName } from "./instance.ts";
import type { Owner, Tags } from "./ownership.ts";

/** Which instances an object wants its profile on. */
export interface DesiredInstances {
  readonly region: string;
  /** Every one of these tags must match; undefined when the object names ids. */
  readonly matchTags: Tags | undefined;
  /** Sorted; empty when the object has a selector. */
  readonly ids: readonly string[];
  /** What becomes of another profile on a selected instance. */
  readonly replacesOthers: boolean;
  /** RFC 3339, since when the object has been there; empty for a manifest that was never in a cluster. */
  readonly claimedSince: string;
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
 * Orders claims so that the one that wins comes first: the older object, then by uid, which no author chooses. A manifest that was
 * never in a cluster comes after all that were.
 */
export function compareClaims(one: InstanceClaim, other: InstanceClaim): number {
  const [since, otherSince] = [one.instances.claimedSince, other.instances.claimedSince];
  if (since !== otherSince) {
    if (since === "") return 1;
    if (otherSince === "") return -1;
    return since < otherSince ? -1 : 1;
  }
  return compareText(one.uid, other.uid) || compareText(one.key, other.key);
}

function compareText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
