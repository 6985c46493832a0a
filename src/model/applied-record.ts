import { TAG_KEYS, type Tags } from "./ownership.ts";
import { SHORT_HASH_CHARS, shortHash } from "./short-hash.ts";

/**
 * What the controller has put on an entity, written on the entity itself as one tag.
 *
 * Without it a policy or tag that has left the spec could not be told from one that somebody else added, and the
 * controller would have to choose between leaving its own leftovers and removing what is not its own. Status cannot hold
 * this: it is written after AWS and lost with the object. A tag value has room for 256 characters, so names are recorded
 * as short hashes, as long as there is room for. What the record holds and the spec does not name is a leftover. Names are compared
 * with those of the spec letter by letter, never by their hashes: an author who finds two names with one hash must not keep the one
 * by asking for the other. A stranger's name is mistaken for a leftover when its hash is one of those recorded.
 */
export interface AppliedRecord {
  /** Hashes of {@link inlinePolicyId} and {@link managedPolicyId}. */
  readonly policies: Hashes;
  /** Hashes of the user's tag keys. */
  readonly tagKeys: Hashes;
}

/** Hashes of one length; a shorter hash of a name is the beginning of a longer one. */
interface Hashes {
  readonly chars: number;
  readonly all: ReadonlySet<string>;
}

/** Tag values may have this many characters: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html */
const MAX_TAG_VALUE_CHARS = 256;
const VERSION = "v1";
const LONGEST = SHORT_HASH_CHARS;
/** Lengths of the hashes of policies and of tag keys, best first. The last holds the most that IAM allows on one role. */
const LENGTHS: readonly (readonly [number, number])[] = [
  [LONGEST, LONGEST],
  [5, 5],
  [4, 4],
  [4, 3],
];
/** All that the CRD lets through fits into these, but they tell names badly apart. */
const LAST_RESORT: readonly [number, number] = [3, 2];
const FORMAT = new RegExp(`^${VERSION}[.]([1-${LONGEST}])([1-${LONGEST}])[.]([0-9A-Za-z]*)[.]([0-9A-Za-z]*)$`);

/** How an inline policy is named in a record, by the name that IAM lists. */
export function inlinePolicyId(policyName: string): string {
  return `inline:${policyName}`;
}

/** How an attached policy is named in a record. */
export function managedPolicyId(policyArn: string): string {
  return `managed:${policyArn}`;
}

/** The record of an entity that holds just these. */
export function appliedRecord(policyIds: readonly string[], tagKeys: readonly string[]): AppliedRecord {
  return { policies: hashesOf(policyIds), tagKeys: hashesOf(tagKeys) };
}

/**
 * The record on an entity that is known to be ours. Empty when there is none, or one that this version cannot read: then
 * nothing is known to have been put there, and what the spec does not name is left alone.
 */
export function readAppliedRecord(tags: Tags): AppliedRecord {
  const match = FORMAT.exec(tags[TAG_KEYS.applied] ?? "");
  if (match === null) return appliedRecord([], []);
  const [, policyChars, tagKeyChars, policies = "", tagKeys = ""] = match;
  return { policies: split(policies, Number(policyChars)), tagKeys: split(tagKeys, Number(tagKeyChars)) };
}

/** The tag value of a record: the same for the same set, whatever the order. */
export function encodeAppliedRecord(record: AppliedRecord): string {
  return firstThatFits(record, LENGTHS) ?? encoded(record, LAST_RESORT);
}

/** The tag value of both records in one; undefined when a tag value has no room for hashes that tell them apart. */
export function encodeBothRecords(one: AppliedRecord, other: AppliedRecord): string | undefined {
  const both = { policies: merged(one.policies, other.policies), tagKeys: merged(one.tagKeys, other.tagKeys) };
  return firstThatFits(both, LENGTHS);
}

/** True when the controller has attached the policy. */
export function recordsManagedPolicy({ policies }: AppliedRecord, policyArn: string): boolean {
  return holds(policies, managedPolicyId(policyArn));
}

/** True when the controller set the tag. */
export function recordsTag({ tagKeys }: AppliedRecord, tagKey: string): boolean {
  return holds(tagKeys, tagKey);
}

/**
 * True when the controller put the inline policy there, under one of the names that IAM takes for this one. The record has the name
 * before the policy is put, so that a crash leaves no policy of the controller unrecorded.
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

/** Hashes that are no longer than that. */
function shortened({ chars, all }: Hashes, most: number): Hashes {
  if (chars <= most) return { chars, all };
  return { chars: most, all: new Set([...all].map((hash) => hash.slice(0, most))) };
}
