import { type AccountPlace, placeInArn, SHORT_HASH_CHARS, shortHash } from "./naming.ts";
import { TAG_KEYS, TAG_PREFIX, type Tags } from "./ownership.ts";

/**
 * The record of what the controller has put on an entity, stored in one tag of the entity.
 *
 * It distinguishes a leftover, which the record holds and the spec does not name, from what another client added. Status cannot hold it,
 * because it is written after AWS and lost with the object. A tag value has room for 256 characters, so names are recorded as hashes, as
 * long as there is room for. Names of the spec are compared exactly and never by their hashes: an author who finds two names with one hash
 * must not keep one of them by naming the other. An unmanaged name counts as a leftover if its hash equals a recorded one.
 */
export interface AppliedRecord {
  /** Hashes of {@link inlinePolicyId} and {@link managedPolicyId}. */
  readonly policies: Hashes;
  /** Hashes of the user's tag keys. */
  readonly tagKeys: Hashes;
}

/** Hashes of one length. A shorter hash of a name is a prefix of a longer one. */
interface Hashes {
  readonly chars: number;
  readonly all: ReadonlySet<string>;
}

/** The maximum length of a tag value: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html */
const MAX_TAG_VALUE_CHARS = 256;
const VERSION = "v1";
const LONGEST = SHORT_HASH_CHARS;
/** The lengths of the hashes of policies and of tag keys, longest first. The last has room for the maximum that IAM allows on a role. */
const LENGTHS: readonly (readonly [number, number])[] = [
  [LONGEST, LONGEST],
  [5, 5],
  [4, 4],
  [4, 3],
];
/** Lengths with room for everything that the CRD allows, but with frequent collisions. */
const LAST_RESORT: readonly [number, number] = [3, 2];
const FORMAT = new RegExp(`^${VERSION}[.]([1-${LONGEST}])([1-${LONGEST}])[.]([0-9A-Za-z]*)[.]([0-9A-Za-z]*)$`);

/** The id of an inline policy in a record, by the name that IAM lists. */
export function inlinePolicyId(policyName: string): string {
  return `inline:${policyName}`;
}

/** The id of a managed policy in a record. */
export function managedPolicyId(policyArn: string): string {
  return `managed:${policyArn}`;
}

/** The record of an entity with these policies and tags. */
export function appliedRecord(policyIds: readonly string[], tagKeys: readonly string[]): AppliedRecord {
  return { policies: hashesOf(policyIds), tagKeys: hashesOf(tagKeys) };
}

/**
 * Reads the record on an owned entity. Empty when there is none, or when this version cannot read it; then everything that the spec does
 * not name counts as unmanaged.
 */
export function readAppliedRecord(tags: Tags): AppliedRecord {
  const match = FORMAT.exec(tags[TAG_KEYS.applied] ?? "");
  if (match === null) return appliedRecord([], []);
  const [, policyChars, tagKeyChars, policies = "", tagKeys = ""] = match;
  return { policies: split(policies, Number(policyChars)), tagKeys: split(tagKeys, Number(tagKeyChars)) };
}

/** The tag value of a record; it does not depend on the order of the names. */
export function encodeAppliedRecord(record: AppliedRecord): string {
  return firstThatFits(record, LENGTHS) ?? encoded(record, LAST_RESORT);
}

/** The tag value of both records together; undefined when a tag value has no room for hashes that are long enough. */
export function encodeBothRecords(one: AppliedRecord, other: AppliedRecord): string | undefined {
  const both = { policies: merged(one.policies, other.policies), tagKeys: merged(one.tagKeys, other.tagKeys) };
  return firstThatFits(both, LENGTHS);
}

/** True when the controller attached the policy. */
export function recordsManagedPolicy({ policies }: AppliedRecord, policyArn: string): boolean {
  return holds(policies, managedPolicyId(policyArn));
}

/** True when the controller set the tag. */
export function recordsTag({ tagKeys }: AppliedRecord, tagKey: string): boolean {
  return holds(tagKeys, tagKey);
}

/**
 * True when the controller wrote the inline policy, under one of the names that IAM treats as this one. The name is recorded before the
 * policy is written, so that a crash leaves no policy unrecorded.
 */
export function recordsInlinePolicy({ policies }: AppliedRecord, names: readonly string[]): boolean {
  return names.some((name) => holds(policies, inlinePolicyId(name)));
}

function holds({ chars, all }: Hashes, name: string): boolean {
  return all.has(shortHash(name).slice(0, chars));
}

function firstThatFits(record: AppliedRecord, lengths: typeof LENGTHS): string | undefined {
  return lengths.map((chars) => encoded(record, chars)).find((text) => text.length <= MAX_TAG_VALUE_CHARS);
}

function encoded({ policies, tagKeys }: AppliedRecord, [policyChars, tagKeyChars]: readonly [number, number]): string {
  const parts = [shortened(policies, policyChars), shortened(tagKeys, tagKeyChars)];
  const lengths = parts.map(({ chars }) => chars).join("");
  return [VERSION, lengths, ...parts.map(({ all }) => [...all].sort().join(""))].join(".");
}

function hashesOf(names: readonly string[]): Hashes {
  return { chars: LONGEST, all: new Set(names.map(shortHash)) };
}

function split(text: string, chars: number): Hashes {
  const count = Math.floor(text.length / chars);
  return { chars, all: new Set(Array.from({ length: count }, (_, i) => text.slice(i * chars, (i + 1) * chars))) };
}

function merged(one: Hashes, other: Hashes): Hashes {
  const chars = Math.min(one.chars, other.chars);
  return { chars, all: new Set([...shortened(one, chars).all, ...shortened(other, chars).all]) };
}

/** The hashes, truncated to at most this length. */
function shortened({ chars, all }: Hashes, most: number): Hashes {
  if (chars <= most) return { chars, all };
  return { chars: most, all: new Set([...all].map((hash) => hash.slice(0, most))) };
}

/**
 * The key of the first tag of a role that names the managed policies that the object owns, attached or not. Without it, the controller would not find
 * a policy that is created and not attached yet, or detached and not deleted. It proves nothing: the owner tags of each policy do.
 */
const OWN_POLICIES_TAG = `${TAG_PREFIX}managed-policies`;

const OWN_POLICIES_KEY = new RegExp(`^${OWN_POLICIES_TAG}([.][0-9]+)?$`);

/** The ARNs of the managed policies that the tags of a role name; sorted. */
export function recordedOwnPolicies(tags: Tags, place: AccountPlace): readonly string[] {
  const texts = Object.entries(tags).flatMap(([key, value]) => (OWN_POLICIES_KEY.test(key) ? value.split(" ") : []));
  const { accountId, partition } = place;
  return [...new Set(texts.filter((text) => text.startsWith("/")))]
    .map((text) => `arn:${partition}:iam::${accountId}:policy${decodedPath(text)}`)
    .sort();
}

/** The tags of a role that name these managed policies: none for none. A name that no tag has room for is left out. */
export function ownPolicyTags(arns: readonly string[]): Tags {
  const values: string[] = [];
  for (const text of [...new Set(arns)].sort().map(encodedPath)) {
    const last = values.at(-1);
    if (text.length > MAX_TAG_VALUE_CHARS) continue;
    if (last !== undefined && last.length + 1 + text.length <= MAX_TAG_VALUE_CHARS)
      values.splice(-1, 1, `${last} ${text}`);
    else values.push(text);
  }
  return Object.fromEntries(values.map((value, index) => [keyOf(index), value]));
}

/** True for the key of a tag that names managed policies. */
export function isOwnPoliciesTag(key: string): boolean {
  return OWN_POLICIES_KEY.test(key);
}

function keyOf(index: number): string {
  return index === 0 ? OWN_POLICIES_TAG : `${OWN_POLICIES_TAG}.${index + 1}`;
}

/** Path and name, in the characters that a tag value may have. */
function encodedPath(arn: string): string {
  const { path, name } = placeInArn(arn);
  return `${path}${name}`.replaceAll(/[^A-Za-z0-9_./=+@-]/g, (character) => {
    return `:${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}

function decodedPath(text: string): string {
  return text.replaceAll(/:([0-9a-f]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
}
