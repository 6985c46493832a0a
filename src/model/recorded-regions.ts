import { TAG_PREFIX, type Tags } from "./ownership.ts";

/**
 * The tag on an instance profile that names the regions in which the controller may have associated it: a region that has
 * left the spec would otherwise be forgotten with its associations. There only while there is such a region.
 */
export const REGIONS_TAG: string = `${TAG_PREFIX}regions`;

/** The tag's value: a set, in one order. Empty for no region. */
export function regionsText(regions: readonly string[]): string {
  return [...new Set(regions)]
    .filter((region) => region !== "")
    .sort()
    .join(" ");
}

/** The regions that the tags of a profile record, sorted. */
export function recordedRegions(tags: Tags): readonly string[] {
  return (tags[REGIONS_TAG] ?? "").split(" ").filter((region) => region !== "");
}
