import {
  type AppliedRecord,
  appliedRecord,
  encodeAppliedRecord,
  encodeBothRecords,
  readAppliedRecord,
  recordsTag,
} from "../../model/applied-record.ts";
import { nameKey } from "../../model/naming.ts";
import { type Owner, ownershipOf, ownerTags, TAG_KEYS, TAG_PREFIX, type Tags } from "../../model/ownership.ts";

/**
 * The tag writes that frame all other writes of one entity.
 *
 * `replaced` goes before all: keys that come back in other letters, which are the same key to a role and another one to an
 * instance profile, so that only this order comes to the same end for both
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html). `before` sets what differs and records what is about to
 * be added, so that a crash in between leaves nothing unaccounted for. `untag` and `after` run last: leftovers of earlier
 * specs go, and the record shrinks to what is there. When a tag has no room for both the old and the new record,
 * `removesFirst` asks for the removals to come before `before`.
 */
export interface TagChange {
  readonly replaced: readonly string[];
  readonly before: Tags;
  readonly untag: readonly string[];
  readonly after: Tags;
  readonly removesFirst: boolean;
}

/** Inputs of {@link diffTags}. */
export interface TagDiffInput {
  readonly observed: Tags;
  readonly owner: Owner;
  readonly adopted: boolean;
  /** The user's tags. */
  readonly wanted: Tags;
  /** What the entity holds when the plan is done. */
  readonly record: AppliedRecord;
}

/** All tags of an entity that is made now. */
export function tagsAtCreation(owner: Owner, wanted: Tags, record: AppliedRecord): Tags {
  return sorted({ ...wanted, ...ownerTags(owner, false), [TAG_KEYS.applied]: encodeAppliedRecord(record) });
}

/** The record on an entity, when it is ours: what stands on anybody else's tells nothing of what we did. */
export function recordOn(tags: Tags, owner: Owner): AppliedRecord {
  return ownershipOf(tags, owner).kind === "ours" ? readAppliedRecord(tags) : appliedRecord([], []);
}

/** What must change so that the entity has our tags and the user's; other tags are not ours to touch. */
export function diffTags({ observed, owner, adopted, wanted, record }: TagDiffInput): TagChange {
  const recorded = recordOn(observed, owner);
  const union = encodeBothRecords(recorded, record);
  const final = encodeAppliedRecord(record);
  const first = union ?? final;
  const target: Tags = { ...wanted, ...ownerTags(owner, adopted), [TAG_KEYS.applied]: first };
  const leftovers = Object.keys(observed)
    .filter((key) => !key.startsWith(TAG_PREFIX) && !Object.hasOwn(wanted, key) && recordsTag(recorded, key))
    .sort();
  const wantedKeys = new Set(Object.keys(wanted).map(nameKey));
  return {
    replaced: leftovers.filter((key) => wantedKeys.has(nameKey(key))),
    before: sorted(Object.fromEntries(Object.entries(target).filter(([key, value]) => observed[key] !== value))),
    untag: leftovers.filter((key) => !wantedKeys.has(nameKey(key))),
    after: first === final ? {} : { [TAG_KEYS.applied]: final },
    removesFirst: union === undefined,
  };
}

function sorted(tags: Tags): Tags {
  return Object.fromEntries(Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
