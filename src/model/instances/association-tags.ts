import { shortHash } from "../naming.ts";
import { type Owner, TAG_PREFIX, type Tags } from "../ownership.ts";

/**
 * The key of the tag on an instance that names the object for which the controller associated it. Associations have no tags of their own,
 * and the instance profile alone proves nothing, because any client that starts an instance can choose the profile.
 */
export const ASSOCIATED_BY_TAG: string = `${TAG_PREFIX}associated-by`;

/** The maximum length of a tag value in EC2: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html */
const MAX_TAG_VALUE_CHARS = 256;

/**
 * The value of {@link ASSOCIATED_BY_TAG}: `cluster-id/namespace/name@instance-id`. An owner that is too long ends in a hash. The marker
 * names its instance, because tags are copied: a launch template or an Auto Scaling group gives them to other instances.
 */
export function markerOf(owner: Owner, instanceId: string): string {
  const suffix = `@${instanceId}`;
  return `${shortened(ownerText(owner), MAX_TAG_VALUE_CHARS - suffix.length)}${suffix}`;
}

/** The value of {@link ASSOCIATED_BY_TAG} that earlier versions wrote, without the instance. */
export function formerMarkerOf(owner: Owner): string {
  return shortened(ownerText(owner), MAX_TAG_VALUE_CHARS);
}

/** The other cluster whose object of the same namespace and name the marker names; undefined for any other marker, and for one that is shortened. */
export function clusterInMarker(
  marker: string,
  { clusterId, namespace, name }: Owner,
  instanceId: string,
): string | undefined {
  const end = `/${namespace}/${name}@${instanceId}`;
  const other = marker.endsWith(end) ? marker.slice(0, -end.length) : "";
  return other === "" || other === clusterId ? undefined : other;
}

function ownerText({ clusterId, namespace, name }: Owner): string {
  return [...(clusterId === "" ? [] : [clusterId]), namespace, name].join("/");
}

function shortened(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const hash = shortHash(text);
  return `${text.slice(0, maxChars - 1 - hash.length)}.${hash}`;
}

/**
 * The key of the tag on an instance profile that names the regions in which the controller may have associated it, so that a region that
 * was removed from the spec is not forgotten. Present only while there is such a region.
 */
export const REGIONS_TAG: string = `${TAG_PREFIX}instance-regions`;

/**
 * The key of {@link REGIONS_TAG} in earlier versions. While it is present, instances may have markers of these versions. The controller
 * replaces it when all instances have new markers; after that, a marker that names no instance proves nothing.
 */
export const FORMER_REGIONS_TAG: string = `${TAG_PREFIX}regions`;

/** The value of {@link REGIONS_TAG}: the sorted set of regions. Empty without a region. */
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
