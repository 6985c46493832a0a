import { list, map } from "./collection-fields.ts";
import type { Field, Rule } from "./field.ts";
import type { InstanceSelector, InstancesSpecBase } from "./instances.ts";
import { defaulted, object, optional, required } from "./object-fields.ts";
import { matches } from "./policy-fields.ts";
import { characterCount, choice, text } from "./scalar-fields.ts";

/** The `instances` of a manifest, before the rule that exactly one of `selector` and `ids` is set. */
export interface LooseInstances extends InstancesSpecBase {
  readonly selector?: InstanceSelector;
  readonly ids?: readonly string[];
}

/** AWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html */
export const tagKeysHaveLength: Rule<Readonly<Record<string, string>>> = {
  message: "write tag keys of 1 to 128 characters",
  holds: (tags) => Object.keys(tags).every((key) => key.length > 0 && characterCount(key) <= 128),
};

const selectorField: Field<InstanceSelector> = object<InstanceSelector>({
  matchTags: required(map(text({ maxLength: 256 }), { minProperties: 1, maxProperties: 20 }, tagKeysHaveLength)),
});

const instanceIdField: Field<string> = text(
  { minLength: 1, maxLength: 19 },
  matches("^i-([0-9a-f]{8}|[0-9a-f]{17})$", "write an instance id, as in i-0123456789abcdef0"),
);

/** The instances that are associated with the instance profile. */
export const instancesField: Field<LooseInstances> = object<LooseInstances>(
  {
    selector: optional(selectorField),
    ids: optional(list(instanceIdField, { minItems: 1, maxItems: 100, listType: "set" })),
    region: required(
      text({ minLength: 1, maxLength: 32 }, matches("^[a-z]+(-[a-z]+)+-[0-9]+$", "write a region, as in eu-west-1")),
    ),
    onConflict: defaulted(choice("Keep", "Replace"), "Keep"),
  },
  {
    message: "write exactly one of selector and ids",
    holds: ({ selector, ids }) => (selector === undefined) !== (ids === undefined),
  },
);
