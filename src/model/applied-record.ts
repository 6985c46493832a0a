import { TAG_KEYS, type Tags } from "./ownership.ts";

/**
 * What the controller has put on an entity, written on the entity itself as one tag.
 *
 * Without it a policy or tag that has left the spec could not be told from one that somebody else added, and the
 * controller would have to choose between leaving its own leftovers and removing what is not its own. Status cannot hold
 * this: it is written after AWS and lost with the object. A tag value has room for 256 characters, so names are recorded
 * as short hashes. A recorded hash speaks of a name only when no name of the current spec explains it, so a stranger's
 * name must collide with one that has just left the spec to be mistaken for it.
 */
export interface AppliedRecord {
  /** Hashes of {@link inlinePolicyId} and {@link managedPolicyId}. */
  readonly policies: ReadonlySet<string>;
  /** Hashes of the user's tag keys. */
  readonly tagKeys: ReadonlySet<string>;
}

/** Tag values may have this many characters: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html */
const MAX_TAG_VALUE_CHARS = 256;
const VERSION = "v1";
const POLICY_HASH_CHARS = 4;
const TAG_KEY_HASH_CHARS = 3;
const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** How an inline policy is named in a record. */
export function inlinePolicyId(policyName: string): string {
  return `inline:${policyName}`;
}

/** How an attached policy is named in a record. */
export function managedPolicyId(policyArn: string): string {
  return `managed:${policyArn}`;
}

/** The record of an entity that holds just these. */
export function appliedRecord(policyIds: readonly string[], tagKeys: readonly string[]): AppliedRecord {
  return {
    policies: new Set(policyIds.map((id) => hash(id, POLICY_HASH_CHARS))),
    tagKeys: new Set(tagKeys.map((key) => hash(key, TAG_KEY_HASH_CHARS))),
  };
}

/** The record on an entity; empty when there is none, or one that is not ours to read. */
export function readAppliedRecord(tags: Tags): AppliedRecord {
  const [version, policies, tagKeys] = (tags[TAG_KEYS.applied] ?? "").split(".");
  if (version !== VERSION) return appliedRecord([], []);
  return {
    policies: new Set(chunks(policies ?? "", POLICY_HASH_CHARS)),
    tagKeys: new Set(chunks(tagKeys ?? "", TAG_KEY_HASH_CHARS)),
  };
}

/** The tag value of a record: the same for the same set, whatever the order. */
export function encodeAppliedRecord(record: AppliedRecord): string {
  return [VERSION, [...record.policies].sort().join(""), [...record.tagKeys].sort().join("")].join(".");
}

/** Both records in one; undefined when a tag value has no room for it. */
export function mergeAppliedRecords(one: AppliedRecord, other: AppliedRecord): AppliedRecord | undefined {
  const merged = {
    policies: new Set([...one.policies, ...other.policies]),
    tagKeys: new Set([...one.tagKeys, ...other.tagKeys]),
  };
  return encodeAppliedRecord(merged).length <= MAX_TAG_VALUE_CHARS ? merged : undefined;
}

/** True when the policy was put there by us. */
export function recordsPolicy(record: AppliedRecord, policyId: string): boolean {
  return record.policies.has(hash(policyId, POLICY_HASH_CHARS));
}

/** True when the policy was put there by us and the current record does not ask for it any more. */
export function isLeftoverPolicy(policyId: string, recorded: AppliedRecord, current: AppliedRecord): boolean {
  return recordsPolicy(recorded, policyId) && !recordsPolicy(current, policyId);
}

/** True when the tag was put there by us and the current record does not ask for it any more. */
export function isLeftoverTag(tagKey: string, recorded: AppliedRecord, current: AppliedRecord): boolean {
  const key = hash(tagKey, TAG_KEY_HASH_CHARS);
  return recorded.tagKeys.has(key) && !current.tagKeys.has(key);
}

function chunks(text: string, size: number): string[] {
  return Array.from({ length: Math.floor(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size));
}

/** FNV-1a over UTF-16 units, mixed once more so that the low digits spread, in base 62. */
function hash(text: string, digits: number): string {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  let rest = (state ^ (state >>> 16)) >>> 0;
  let encoded = "";
  for (let i = 0; i < digits; i++) {
    encoded += BASE62.charAt(rest % 62);
    rest = Math.floor(rest / 62);
  }
  return encoded;
}
