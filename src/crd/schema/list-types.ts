import type { FieldCause, Json, JsonObject } from "../contract.ts";
import { duplicate, invalid } from "../field-cause.ts";
import { canonicalJson, isObject, setMember } from "../json.ts";
import { pathText, type ValuePath } from "../value-path.ts";
import { fieldNode, type SchemaNode } from "./structural.ts";

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

function listCauses(list: readonly Json[], node: SchemaNode, at: ValuePath | undefined): readonly FieldCause[] {
  const path = pathText(at);
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
export function listTypeCauses(value: Json, root: SchemaNode): readonly FieldCause[] {
  const causes: FieldCause[] = [];
  addCauses(value, root, undefined, causes);
  return causes;
}

function addCauses(value: Json, node: SchemaNode, path: ValuePath | undefined, causes: FieldCause[]): void {
  if (!node.hasUniqueLists) {
    return;
  }
  if (Array.isArray(value)) {
    causes.push(...listCauses(value, node, path));
    const { items } = node;
    if (items?.hasUniqueLists === true) {
      value.forEach((item, step) => {
        addCauses(item, items, { above: path, step, isMapKey: false }, causes);
      });
    }
  } else if (isObject(value)) {
    for (const key of Object.keys(value)) {
      const below = fieldNode(node, key);
      if (below !== undefined) {
        addCauses(value[key] ?? null, below, { above: path, step: key, isMapKey: !node.properties.has(key) }, causes);
      }
    }
  }
}
