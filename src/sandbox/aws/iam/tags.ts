import type { Account } from "../account/account.ts";
import type { Tag } from "../account/entities.ts";
import { iamArn } from "../account/identifiers.ts";
import { invalidInput, limitExceeded, validationError } from "../fault.ts";
import type { Call, Operations, Permission } from "../handler.ts";
import { members, type XmlTree } from "../protocol/answer.ts";
import type { Params } from "../protocol/params.ts";
import { constraintMessage } from "./constraints.ts";
import { paginate } from "./paging.ts";

const keyPattern = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]+$/u;
const valuePattern = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const keyPatternText = "[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+";
const valuePatternText = "[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*";

/**
 * The Tags of a call, checked.
 * @throws AwsFault ValidationError for a key, value or number of tags out of bounds, InvalidInput for a key given twice
 */
export function readTags(account: Account, params: Params): readonly Tag[] {
  const max = account.settings.quotas.tagsPerEntity;
  const tags = params.structures("Tags.member").map((tag, index) => readTag(tag, index + 1));
  if (tags.length > max) {
    throw validationError(constraintMessage("tags", `Member must have length less than or equal to ${max}`));
  }
  if (new Set(tags.map((tag) => tag.key.toLowerCase())).size < tags.length) {
    throw invalidInput("Duplicate tag keys found. Please note that Tag keys are case insensitive.");
  }
  return tags;
}

function readTag(tag: Params, position: number): Tag {
  const key = readPart(tag.get("Key"), `tags.${position}.member.key`, { min: 1, max: 128 }, keyPattern, keyPatternText);
  const value = readPart(
    tag.get("Value"),
    `tags.${position}.member.value`,
    { min: 0, max: 256 },
    valuePattern,
    valuePatternText,
  );
  if (/^aws:/i.test(key)) {
    throw invalidInput("Tag keys beginning with 'aws:' are reserved for system use.");
  }
  return { key, value };
}

function readPart(
  text: string | undefined,
  member: string,
  length: { readonly min: number; readonly max: number },
  pattern: RegExp,
  patternText: string,
): string {
  if (text === undefined) {
    throw validationError(constraintMessage(member, "Member must not be null"));
  }
  if (text.length > length.max) {
    throw validationError(constraintMessage(member, `Member must have length less than or equal to ${length.max}`));
  }
  if (text.length < length.min) {
    throw validationError(constraintMessage(member, `Member must have length greater than or equal to ${length.min}`));
  }
  if (!pattern.test(text)) {
    throw validationError(constraintMessage(member, `Member must satisfy regular expression pattern: ${patternText}`));
  }
  return text;
}

/**
 * The tags after some are set: a key that is there in any case gets the new value and the new case.
 * @throws AwsFault LimitExceeded when there would be too many
 */
function withTags(account: Account, present: readonly Tag[], added: readonly Tag[]): readonly Tag[] {
  const addedKeys = new Set(added.map((tag) => tag.key.toLowerCase()));
  const result = [...present.filter((tag) => !addedKeys.has(tag.key.toLowerCase())), ...added];
  if (result.length > account.settings.quotas.tagsPerEntity) {
    throw limitExceeded("The number of tags has reached the maximum limit.");
  }
  return result;
}

/**
 * The tags after the TagKeys of a call are removed; keys that are not there do not matter.
 * @throws AwsFault ValidationError when the call has no TagKeys
 */
function withoutTags(present: readonly Tag[], params: Params): readonly Tag[] {
  const removed = new Set(params.strings("TagKeys.member").map((key) => key.toLowerCase()));
  if (removed.size === 0) {
    throw validationError(constraintMessage("tagKeys", "Member must not be null"));
  }
  return present.filter((tag) => !removed.has(tag.key.toLowerCase()));
}

/** Tags as elements; left out when there are none, as IAM does in everything but the tag listings. */
export function tagElements(account: Account, tags: readonly Tag[]): XmlTree | undefined {
  return tags.length === 0 ? undefined : members(account.shown(tags).map(tagElement));
}

const tagElement = (tag: Tag): XmlTree => ({ Key: tag.key, Value: tag.value });

/** A kind of entity that has tags, by the name that it has in operations, with the words of its ARN and of its name in calls. */
const taggedKinds = {
  Role: ["role", "RoleName"],
  InstanceProfile: ["instance-profile", "InstanceProfileName"],
  Policy: ["policy", "PolicyName"],
} as const;
type TaggedKind = keyof typeof taggedKinds;

/** How the entity that a call names is found and changed. */
interface TaggedEntity<T> {
  readonly visible: (call: Call) => T;
  readonly writable: (call: Call) => T;
  readonly put: (call: Call, changed: T) => void;
}

/** The operations `Tag…`, `Untag…` and `List…Tags` of a kind. */
export function tagOperations<T extends { readonly tags: readonly Tag[] }>(
  kind: TaggedKind,
  { visible, writable, put }: TaggedEntity<T>,
): Operations {
  const tag = (call: Call): undefined => {
    const added = readTags(call.account, call.params);
    const entity = writable(call);
    put(call, { ...entity, tags: withTags(call.account, entity.tags, added) });
  };
  const untag = (call: Call): undefined => {
    const entity = writable(call);
    put(call, { ...entity, tags: withoutTags(entity.tags, call.params) });
  };
  const list = (call: Call): XmlTree => {
    const page = paginate(call.account, call.params, visible(call).tags, ({ key }) => key);
    return { Tags: members(page.items.map(tagElement)), ...page.paging };
  };
  return {
    [`Tag${kind}`]: { kind: "write", handle: tag },
    [`Untag${kind}`]: { kind: "write", handle: untag },
    [`List${kind}Tags`]: { kind: "read", handle: list },
  };
}

/** Tags in a call that creates an entity ask for a permission of their own. */
export function tagOnCreatePermission(kind: TaggedKind): (call: Call) => readonly Permission[] {
  const [word, parameter] = taggedKinds[kind];
  return ({ account, params }) => {
    const resource = iamArn(account.settings, word, params.get("Path") ?? "/", params.get(parameter) ?? "");
    return params.structures("Tags.member").length === 0 ? [] : [{ action: `iam:Tag${kind}`, resource }];
  };
}
