import type { Instance, Tag } from "../account/entities.ts";
import { AwsFault } from "../fault.ts";
import type { Call } from "../handler.ts";
import type { XmlTree } from "../protocol/answer.ts";
import type { Params } from "../protocol/params.ts";
import { refuseDryRun } from "./dry-run.ts";
import { requireInstance } from "./instance-lookup.ts";

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions */
const maxTags = 50;

/** CreateTags, of instances alone: adds and overwrites, on all of the resources or on none. */
export function createTags(call: Call): XmlTree {
  const given = readTags(call);
  if (given.length === 0) {
    throw new AwsFault("MissingParameter", 400, "The request must contain the parameter Tag");
  }
  const changed = requireResources(call).map((instance) => {
    const kept = instance.tags.filter(({ key }) => !given.some((tag) => tag.key === key));
    return { ...instance, tags: checkTags([...kept, ...given.map(({ key, value = "" }) => ({ key, value }))]) };
  });
  return put(call, changed);
}

/** DeleteTags: those with the key and, where one is given, the value; without any tag given, all. */
export function deleteTags(call: Call): XmlTree {
  const given = readTags(call);
  const goes = (tag: Tag): boolean =>
    given.length === 0 || given.some(({ key, value }) => key === tag.key && (value ?? tag.value) === tag.value);
  const changed = requireResources(call).map((instance) => ({
    ...instance,
    tags: instance.tags.filter((tag) => !goes(tag)),
  }));
  return put(call, changed);
}

/**
 * The tags, if EC2 takes them.
 * @throws AwsFault InvalidParameterValue for a reserved key, TagLimitExceeded
 */
function checkTags(tags: readonly Tag[]): readonly Tag[] {
  const reserved = tags.find(({ key }) => /^aws:/i.test(key));
  if (reserved !== undefined) {
    throw new AwsFault(
      "InvalidParameterValue",
      400,
      `Tag keys starting with 'aws:' are reserved for internal use: ${reserved.key}`,
    );
  }
  if (tags.length > maxTags) {
    throw new AwsFault("TagLimitExceeded", 400, `More than ${maxTags} tags specified`);
  }
  return tags;
}

/** The tags that a creation gives to its resources of one type. */
export function readTagSpecifications(params: Params, resourceType: string): readonly Tag[] {
  const tags = params
    .structures("TagSpecification")
    .filter((specification) => specification.get("ResourceType") === resourceType)
    .flatMap((specification) => specification.structures("Tag"))
    .map((tag) => ({ key: tag.get("Key") ?? "", value: tag.get("Value") ?? "" }));
  return checkTags(tags);
}

/** The values under the filters `tag-key` and `tag:KEY`. */
export function tagFilterValues(tags: readonly Tag[], filter: string): readonly string[] {
  if (filter === "tag-key") return tags.map(({ key }) => key);
  return tags.filter(({ key }) => `tag:${key}` === filter).map(({ value }) => value);
}

function put(call: Call, instances: readonly Instance[]): XmlTree {
  refuseDryRun(call);
  for (const instance of instances) {
    call.account.region(call.region).putInstance(instance);
  }
  return { return: true };
}

function readTags({ params }: Call): readonly { readonly key: string; readonly value: string | undefined }[] {
  return params.structures("Tag").map((tag) => ({ key: tag.get("Key") ?? "", value: tag.get("Value") }));
}

function requireResources(call: Call): Instance[] {
  const ids = call.params.strings("ResourceId");
  if (ids.length === 0) {
    throw new AwsFault("MissingParameter", 400, "The request must contain the parameter resourceIdSet");
  }
  return ids.map((id) => {
    if (!id.startsWith("i-")) {
      throw new AwsFault("InvalidID", 400, `The ID '${id}' is not valid`);
    }
    return requireInstance(call, id);
  });
}
