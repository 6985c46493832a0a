import { TAG_PREFIX, type Tags } from "../ownership.ts";

/**
 * The key of the tag on an instance profile that names the regions in which the controller may have associated it, so that a region that
 * was removed from the spec is not forgotten. Present only while there is such a region.
 */
export const REGIONS_TAG: string = `${TAG_PREFIX}instance-regions`;

/**
 * The key of the same tag in earlier versions. While it is present, instances may have markers of these versions. The controller replaces
 * it when all instances have new markers; after that, a marker that names no instance proves nothing.
 */
export const FORMER_REGIONS_TAG: string = `${TAG_PREFIX}regions`;

/** The value of the tag: the sorted set of regions. Empty without a region. */
export function regionsText(regions: readonly string[]): string {
  return [...new Set(regions)]
    .filter((region) => region !== "")
    .sort()
    .join(" ");
}

/** The regions that the tags of an instance profile record, sorted. */
export function recordedRegions(tags: Tags): readonly string[] {
  const text = regionsText([tags[REGIONS_TAG], tags[FORMER_REGIONS_TAG]].flatMap((value) => (value ?? "").split(" ")));
  return text === "" ? [] : text.split(" ");
}

/** True while instances of the profile may have markers of an earlier version. */
export function mayHaveFormerMarkers(tags: Tags): boolean {
  return tags[FORMER_REGIONS_TAG] !== undefined;
}
