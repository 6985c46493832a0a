import { type Owner, TAG_PREFIX } from "./ownership.ts";
import { shortHash } from "./short-hash.ts";

/**
 * The tag on an instance that says on whose behalf the controller associated it. EC2's associations carry no tags of their
 * own, and that an instance has our profile proves nothing: whoever starts one may give it the profile.
 */
export const ASSOCIATED_BY_TAG: string = `${TAG_PREFIX}associated-by`;

/** EC2's bound: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html */
const MAX_TAG_VALUE_CHARS = 256;

/** The tag's value: `cluster-id/namespace/name`; what is too long for a tag ends in a hash of the whole. */
export function markerOf({ clusterId, namespace, name }: Owner): string {
  const whole = [...(clusterId === "" ? [] : [clusterId]), namespace, name].join("/");
  if (whole.length <= MAX_TAG_VALUE_CHARS) return whole;
  const hash = shortHash(whole);
  return `${whole.slice(0, MAX_TAG_VALUE_CHARS - 1 - hash.length)}.${hash}`;
}
