import type { Json, JsonObject } from "../contract.ts";
import { listMember, member, objectMember, stringMember, stringsMember } from "../json.ts";

export type ListType = "atomic" | "set" | "map";

/**
 * One node of a structural schema: the tree of properties, items and additionalProperties, without the value
 * validations, which stay in `source`.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
 */
export interface SchemaNode {
  readonly source: JsonObject;
  /** The JSON type, or empty for int-or-string and preserve-unknown-fields nodes without one. */
  readonly type: string;
  readonly nullable: boolean;
  readonly intOrString: boolean;
  readonly preserveUnknown: boolean;
  readonly properties: ReadonlyMap<string, SchemaNode>;
  /** A schema for every other key, `"any"` for `true` and `false`: both keep the key when fields are pruned. */
  readonly additional: SchemaNode | "any" | undefined;
  readonly items: SchemaNode | undefined;
  readonly listType: ListType;
  readonly listMapKeys: readonly string[];
  readonly atomicMap: boolean;
  readonly default: Json | undefined;
  /** Whether a default is here or below. */
  readonly hasDefaults: boolean;
  /** Whether a set or a list-type map is here or below. */
  readonly hasUniqueLists: boolean;
  readonly rules: readonly JsonObject[];
}

function listTypeOf(source: JsonObject): ListType {
  const declared = stringMember(source, "x-kubernetes-list-type");
  return declared === "set" || declared === "map" ? declared : "atomic";
}

function additionalOf(source: JsonObject): SchemaNode | "any" | undefined {
  const schema = objectMember(source, "additionalProperties");
  if (schema !== undefined) {
    return schemaNode(schema);
  }
  return typeof member(source, "additionalProperties") === "boolean" ? "any" : undefined;
}

/** Reads a schema as it stands; whether it is structural is for an API server to say. */
export function schemaNode(source: JsonObject): SchemaNode {
  const itemSchema = objectMember(source, "items");
  const items = itemSchema === undefined ? undefined : schemaNode(itemSchema);
  const additional = additionalOf(source);
  const properties = new Map<string, SchemaNode>();
  for (const [name, schema] of Object.entries(objectMember(source, "properties") ?? {})) {
    properties.set(name, schemaNode(typeof schema === "object" && !Array.isArray(schema) && schema ? schema : {}));
  }
  const below = [...properties.values(), additional, items].filter((node) => typeof node === "object");
  const listType = listTypeOf(source);
  const defaultValue = member(source, "default");
  return {
    source,
    type: stringMember(source, "type"),
    nullable: member(source, "nullable") === true,
    intOrString: member(source, "x-kubernetes-int-or-string") === true,
    preserveUnknown: member(source, "x-kubernetes-preserve-unknown-fields") === true,
    properties,
    additional,
    items,
    listType,
    listMapKeys: stringsMember(source, "x-kubernetes-list-map-keys"),
    atomicMap: stringMember(source, "x-kubernetes-map-type") === "atomic",
    default: defaultValue,
    hasDefaults: defaultValue !== undefined || below.some((node) => node.hasDefaults),
    hasUniqueLists: listType !== "atomic" || below.some((node) => node.hasUniqueLists),
    rules: listMember(source, "x-kubernetes-validations").filter((rule) =>
      objectMember({ rule }, "rule"),
    ) as JsonObject[],
  };
}

/** The node of an object's field: a property, else additionalProperties. */
export function fieldNode(node: SchemaNode, key: string): SchemaNode | undefined {
  const property = node.properties.get(key);
  if (property !== undefined) {
    return property;
  }
  return node.additional === "any" ? undefined : node.additional;
}
