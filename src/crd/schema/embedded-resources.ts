import type { FieldCause, Json, JsonObject } from "../contract.ts";
import { invalid, required } from "../field-cause.ts";
import { isObject, member } from "../json.ts";
import type { SchemaNode } from "./structural.ts";

function typeCauses(resource: JsonObject, path: string): readonly FieldCause[] {
  return ["apiVersion", "kind"].flatMap((key) => {
    const value = member(resource, key);
    const at = `${path}.${key}`;
    if (value === undefined) {
      return [required(at)];
    }
    if (typeof value !== "string") {
      return [invalid(at, value, "must be a string")];
    }
    return value === "" ? [invalid(at, value, "must not be empty")] : [];
  });
}

/** What keeps the values of `x-kubernetes-embedded-resource` nodes from being resources; their metadata is not judged. */
export function embeddedResourceCauses(value: Json, node: SchemaNode, path: string): readonly FieldCause[] {
  if (Array.isArray(value)) {
    const { items } = node;
    return items === undefined
      ? []
      : value.flatMap((item, index) => embeddedResourceCauses(item, items, `${path}[${index}]`));
  }
  if (!isObject(value)) {
    return [];
  }
  const own = node.embeddedResource ? typeCauses(value, path) : [];
  const below = Object.entries(value).flatMap(([key, entry]) => {
    const property = node.properties.get(key);
    if (property !== undefined) {
      return embeddedResourceCauses(entry, property, path === "" ? key : `${path}.${key}`);
    }
    const { additional } = node;
    return additional === undefined || additional === "any"
      ? []
      : embeddedResourceCauses(entry, additional, `${path}[${key}]`);
  });
  return [...own, ...below];
}
