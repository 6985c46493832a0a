import { isDeepStrictEqual } from "node:util";
import type { Json, JsonObject } from "../contract.ts";
import { cloneJson, isObject, setMember } from "../json.ts";
import { fieldNode, type SchemaNode } from "./structural.ts";

function dropsNull(value: Json, node: SchemaNode | undefined): boolean {
  return value === null && node !== undefined && !node.nullable && node.default === undefined;
}

function containsNull(value: Json): boolean {
  if (Array.isArray(value)) {
    return value.some(containsNull);
  }
  return value === null || (isObject(value) && Object.keys(value).some((key) => containsNull(value[key] ?? null)));
}

/** A copy down to where neither nulls nor defaults change anything: what is below is shared. */
function withoutNulls(value: Json, node: SchemaNode | undefined): Json {
  if (node === undefined || (!node.hasDefaults && !containsNull(value))) {
    return value;
  }
  if (Array.isArray(value)) {
    return value.map((entry) => withoutNulls(entry, node.items));
  }
  if (!isObject(value)) {
    return value;
  }
  const kept: JsonObject = {};
  for (const key of Object.keys(value)) {
    const entry = value[key] ?? null;
    const schema = fieldNode(node, key);
    if (!dropsNull(entry, schema)) {
      setMember(kept, key, withoutNulls(entry, schema));
    }
  }
  return kept;
}

/** A null where the schema allows none takes the default's place; a list entry without a default stays null. */
function orDefault(value: Json, node: SchemaNode): Json {
  return value === null && !node.nullable ? cloneJson(node.default ?? null) : value;
}

function setDefaults(object: JsonObject, node: SchemaNode): void {
  for (const [key, property] of node.properties) {
    const missing = !Object.hasOwn(object, key) || (object[key] === null && !property.nullable);
    if (missing && property.default !== undefined && property.default !== null) {
      setMember(object, key, cloneJson(property.default));
    }
  }
}

function fillObject(object: JsonObject, node: SchemaNode): void {
  setDefaults(object, node);
  for (const key of Object.keys(object)) {
    const value = object[key] ?? null;
    const schema = fieldNode(node, key);
    if (schema?.hasDefaults === true) {
      const filled = node.properties.has(key) ? value : orDefault(value, schema);
      setMember(object, key, filled);
      fill(filled, schema);
    }
  }
}

function fill(value: Json, node: SchemaNode): void {
  if (isObject(value)) {
    fillObject(value, node);
  } else if (Array.isArray(value) && node.items !== undefined) {
    const items = node.items;
    value.forEach((entry, index) => {
      const filled = orDefault(entry, items);
      value[index] = filled;
      fill(filled, items);
    });
  }
}

/**
 * The object with the schema's defaults, and without nulls in fields that are neither nullable nor have a default: those
 * are dropped as if they had not been sent. What stays as it is is shared with the object that was given.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#defaulting-and-nullable
 */
export function withDefaults(object: JsonObject, root: SchemaNode): JsonObject {
  const copy = withoutNulls(object, root);
  const result = isObject(copy) ? copy : {};
  fillObject(result, root);
  return result;
}

/** A copy without the fields that the schema sets to the same value anyway: what an author has to write. */
export function withoutDefaults(value: Json, node: SchemaNode): Json {
  if (!node.hasDefaults) return value;
  if (Array.isArray(value)) {
    const { items } = node;
    return items === undefined ? value : value.map((entry) => withoutDefaults(entry, items));
  }
  if (!isObject(value)) return value;
  const kept: JsonObject = {};
  for (const key of Object.keys(value)) {
    const written = writtenMember(value[key] ?? null, key, node);
    if (written !== undefined) setMember(kept, key, written);
  }
  return kept;
}

/** Undefined for a member that the default sets. */
function writtenMember(value: Json, key: string, node: SchemaNode): Json | undefined {
  const schema = fieldNode(node, key);
  if (schema === undefined) return value;
  const written = withoutDefaults(value, schema);
  const byDefault = node.properties.has(key) ? schema.default : undefined;
  if (byDefault === undefined) return written;
  return isDeepStrictEqual(written, withoutDefaults(byDefault, schema)) ? undefined : written;
}
