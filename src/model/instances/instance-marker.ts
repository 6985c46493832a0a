import { type Owner, TAG_PREFIX } from "../ownership.ts";
import { shortHash } from "../short-hash.ts";

/**
 * The tag on an instance that says on whose behalf the controller associated it. EC2's associations carry no tags of their
 * own, and that an instance has our profile proves nothing: whoever starts one may give it the profile.
 */
export const ASSOCIATED_BY_TAG: string = `${TAG_PREFIX}associated-by`;

/** EC2's bound: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html */
const MAX_TAG_VALUE_CHARS = 256;

/**
 * The tag's value: `cluster-id/namespace/name@instance-id`; an owner that is too long for a tag ends in a hash of the whole. The
 * marker names its instance, because tags are copied: a launch template or an Auto Scaling group gives them to other instances.
 */
export function markerOf(owner: Owner, instanceId: string): string {
  const suffix = `@${instanceId}`;
  return `${shortened(ownerText(owner), MAX_TAG_VALUE_CHARS - suffix.length)}${suffix}`;
}

/** The value that earlier versions wrote, which names no instance. */
export function formerMarkerOf(owner: Owner): string {
  return shortened(ownerText(owner), MAX_TAG_VALUE_CHARS);
}

function ownerText({ clusterId, namespace, name }: Owner): string {
  return [...(clusterId === "" ? [] : [clusterId]), namespace, name].join("/");
}

function shortened(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const hash = shortHash(text);
  return `${text.slice(0, maxChars - 1 - hash.length)}.${hash}`;
}
