import {
  type AppliedRecord,
  encodeAppliedRecord,
  isLeftoverTag,
  mergeAppliedRecords,
  readAppliedRecord,
} from "../model/applied-record.ts";
import { type Owner, ownerTags, TAG_KEYS, TAG_PREFIX, type Tags } from "../model/ownership.ts";

/**
 * The tag writes that frame all other writes of one entity.
 *
 * `before` runs first: it sets what differs and records what is about to be added, so that a crash in between leaves
 * nothing unaccounted for. `after` runs last: leftovers of earlier specs are untagged and the record shrinks to what is
 * there. When a tag has no room for both the old and the new record, `removesFirst` asks for the removals to come before
 * `before`.
 */
export interface TagChange {
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

/** What must change so that the entity has our tags and the user's; other tags are not ours to touch. */
export function diffTags({ observed, owner, adopted, wanted, record }: TagDiffInput): TagChange {
  const recorded = readAppliedRecord(observed);
  const union = mergeAppliedRecords(recorded, record);
  const final = encodeAppliedRecord(record);
  const first = union === undefined ? final : encodeAppliedRecord(union);
  const target: Tags = { ...wanted, ...ownerTags(owner, adopted), [TAG_KEYS.applied]: first };
  const untag = Object.keys(observed).filter(
    (key) => !key.startsWith(TAG_PREFIX) && !Object.hasOwn(wanted, key) && isLeftoverTag(key, recorded, record),
  );
  return {
    before: sorted(Object.fromEntries(Object.entries(target).filter(([key, value]) => observed[key] !== value))),
    untag: untag.sort(),
    after: first === final ? {} : { [TAG_KEYS.applied]: final },
    removesFirst: union === undefined,
  };
}

function sorted(tags: Tags): Tags {
  return Object.fromEntries(Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
