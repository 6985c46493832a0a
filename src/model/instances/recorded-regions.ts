import { TAG_PREFIX, type Tags } from "../ownership.ts";

/**
 * The tag on an instance profile that names the regions in which the controller may have associated it: a region that has
 * left the spec would otherwise be forgotten with its associations. There only while there is such a region.
 */
export const REGIONS_TAG: string = `${TAG_PREFIX}instance-regions`;

/**
 * The same tag as earlier versions wrote it. Where it is, instances may have markers of these versions. The controller replaces it
 * when all of them have new ones, and from then on a marker that names no instance proves nothing.
 */
export const FORMER_REGIONS_TAG: string = `${TAG_PREFIX}regions`;

/** The tag's value: a set, in one order. Empty for no region. */
export function regionsText(regions: readonly string[]): string {
  return [...new Set(regions)]
    .filter((region) => region !== "")
    .sort()
    .join(" ");
}

/** The regions that the tags of a profile record, sorted. */
export function recordedRegions(tags: Tags): readonly string[] {
  const text = regionsText([tags[REGIONS_TAG], tags[FORMER_REGIONS_TAG]].flatMap((value) => (value ?? "").split(" ")));
  return text === "" ? [] : text.split(" ");
}

/** True while instances of the profile may have markers of an earlier version. */
export function mayHaveFormerMarkers(tags: Tags): boolean {
  return tags[FORMER_REGIONS_TAG] !== undefined;
}
