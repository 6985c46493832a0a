import { type Owner, TAG_PREFIX } from "../ownership.ts";
import { shortHash } from "../short-hash.ts";

/**
 * The key of the tag on an instance that names the object for which the controller associated it. Associations have no tags of their own,
 * and the instance profile alone proves nothing, because any client that starts an instance can choose the profile.
 */
export const ASSOCIATED_BY_TAG: string = `${TAG_PREFIX}associated-by`;

/** The maximum length of a tag value in EC2: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html */
const MAX_TAG_VALUE_CHARS = 256;

/**
 * The value of the tag: `cluster-id/namespace/name@instance-id`. An owner that is too long ends in a hash. The marker names its instance,
 * because tags are copied: a launch template or an Auto Scaling group gives them to other instances.
 */
export function markerOf(owner: Owner, instanceId: string): string {
  const suffix = `@${instanceId}`;
  return `${shortened(ownerText(owner), MAX_TAG_VALUE_CHARS - suffix.length)}${suffix}`;
}

/** The value that earlier versions wrote, without the instance. */
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
