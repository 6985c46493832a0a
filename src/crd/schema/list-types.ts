import type { FieldCause, Json, JsonObject } from "../contract.ts";
import { duplicate, invalid } from "../field-cause.ts";
import { canonicalJson, isObject, setMember } from "../json.ts";
import type { SchemaNode } from "./structural.ts";

/** The indices of the second appearances: a value that comes three times is reported once, as the API server does. */
function repeated(values: readonly Json[]): readonly number[] {
  const seen = new Map<string, number>();
  const indices: number[] = [];
  values.forEach((value, index) => {
    const text = canonicalJson(value);
    const times = seen.get(text) ?? 0;
    if (times === 1) {
      indices.push(index);
    }
    seen.set(text, times + 1);
  });
  return indices;
}

/** The entries of a list-type map's item that identify it. */
export function listMapKey(item: Json, keys: readonly string[]): JsonObject {
  const key: JsonObject = {};
  for (const name of keys) {
    const value = isObject(item) ? item[name] : undefined;
    if (value !== undefined) {
      setMember(key, name, value);
    }
  }
  return key;
}

function listCauses(list: readonly Json[], node: SchemaNode, path: string): readonly FieldCause[] {
  if (node.listType === "set") {
    return repeated(list).map((index) => duplicate(`${path}[${index}]`, list[index] ?? null));
  }
  if (node.listType !== "map") {
    return [];
  }
  const stray = list.findIndex((item) => item !== null && !isObject(item));
  if (stray !== -1) {
    return [invalid(`${path}[${stray}]`, list[stray] ?? null, "must be an object for an array of list-type map")];
  }
  const keys = list.map((item) => listMapKey(item, node.listMapKeys));
  return repeated(keys).map((index) => duplicate(`${path}[${index}]`, keys[index] ?? {}));
}

/** What breaks the uniqueness that `x-kubernetes-list-type: set` and `map` promise, at any depth. */
export function listTypeCauses(value: Json, node: SchemaNode, path: string): readonly FieldCause[] {
  if (Array.isArray(value)) {
    const items = node.items;
    const nested = items === undefined ? [] : value.flatMap((item, i) => listTypeCauses(item, items, `${path}[${i}]`));
    return [...listCauses(value, node, path), ...nested];
  }
  if (!isObject(value)) {
    return [];
  }
  return Object.entries(value).flatMap(([key, entry]) => {
    const property = node.properties.get(key);
    if (property !== undefined) {
      return listTypeCauses(entry, property, path === "" ? key : `${path}.${key}`);
    }
    const additional = node.additional;
    return additional === undefined || additional === "any" ? [] : listTypeCauses(entry, additional, `${path}[${key}]`);
  });
}
