import {
  type AppliedRecord,
  appliedRecord,
  encodeAppliedRecord,
  encodeBothRecords,
  isOwnPoliciesTag,
  ownPolicyTags,
  readAppliedRecord,
  recordsTag,
} from "../../model/applied-record.ts";
import type { DesiredPresent } from "../../model/desired-state.ts";
import { nameKey } from "../../model/naming.ts";
import type { ObservedRole } from "../../model/observed-state.ts";
import { type Owner, ownershipOf, ownerTags, TAG_KEYS, TAG_PREFIX, type Tags } from "../../model/ownership.ts";
import { policiesNamedBy } from "../after-hand-over.ts";

/**
 * The tag writes of one entity, before and after all its other writes.
 *
 * `replaced` comes first: keys that are set again with another case. A role treats them as the same key and an instance profile does not
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html), and only this order has the same result for both. `before` sets what
 * differs and records what the plan adds, so that after a crash everything is accounted for. `untag` and `after` come last: they remove
 * the leftovers of earlier specs and reduce the record to what remains. When a tag has no room for both the old and the new record,
 * `removesFirst` is true, and the removals come before `before`.
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
  /** What the entity holds when the plan is applied. */
  readonly record: AppliedRecord;
}

/** All tags of an entity at its creation. */
export function tagsAtCreation(owner: Owner, wanted: Tags, record: AppliedRecord): Tags {
  return sorted({ ...wanted, ...ownerTags(owner, false), [TAG_KEYS.applied]: encodeAppliedRecord(record) });
}

/** The record on an owned entity. A record on any other entity is ignored. */
export function recordOn(tags: Tags, owner: Owner): AppliedRecord {
  return ownershipOf(tags, owner).kind === "owned" ? readAppliedRecord(tags) : appliedRecord([], []);
}

/** The changes after which the entity has the controller's tags and the user's. Other tags are not changed. */
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

/** The changes to the tags of a role that name the managed policies of its object, before and after the writes to these. */
export interface RecordChange {
  readonly before: Tags;
  readonly after: Tags;
  readonly untag: readonly string[];
}

/**
 * Names each policy before it is created, and as long as it is not known to be deleted, so that a crash leaves no policy unnamed.
 *
 * @param arns the policies that the object has after the plan
 */
export function recordOwnPolicies(desired: DesiredPresent, role: ObservedRole, arns: readonly string[]): RecordChange {
  const own: Tags = ownershipOf(role.tags, desired.owner).kind === "owned" ? role.tags : {};
  const recorded = Object.fromEntries(Object.entries(own).filter(([key]) => isOwnPoliciesTag(key)));
  const union = ownPolicyTags([...arns, ...policiesNamedBy(desired, role)]);
  const final = ownPolicyTags(arns);
  return {
    before: differing(union, recorded),
    after: differing(final, { ...recorded, ...union }),
    untag: Object.keys({ ...recorded, ...union }).filter((key) => final[key] === undefined),
  };
}

function differing(tags: Tags, from: Tags): Tags {
  return Object.fromEntries(Object.entries(tags).filter(([key, value]) => from[key] !== value));
}
