import type { Json, JsonObject } from "../../../crd/contract.ts";
import { isObject, member, setMember } from "../../../crd/json.ts";
import { fieldNode, type SchemaNode } from "../../../crd/schema/structural.ts";
import { type FieldPath, FieldSet, fieldStep, keyStep, type PathStep, valueStep } from "./field-set.ts";

/** How a value takes part in merging: as a whole, field by field, or item by item. */
export type Shape = "leaf" | "map" | "list";

/** The values of two objects in one place, and the schema of the place, where there is one. */
export interface Pair {
  readonly node: SchemaNode | undefined;
  readonly left: Json | undefined;
  readonly right: Json | undefined;
}

/** The fields that two maps have, by name. */
export function fieldPairs({ node, left, right }: Pair): readonly (readonly [name: string, pair: Pair])[] {
  const names = new Set([...Object.keys(fieldsOf(left)), ...Object.keys(fieldsOf(right))]);
  return [...names].map((name) => {
    const below = node === undefined ? undefined : fieldNode(node, name);
    return [name, { node: below, left: member(left, name), right: member(right, name) }];
  });
}

/** A null stands for an empty map or list where the other side has one. */
export function shapeOf({ node, left, right }: Pair): Shape {
  if (Array.isArray(left) || Array.isArray(right)) {
    const associative = node !== undefined && node.listType !== "atomic" && !isObject(left) && !isObject(right);
    return associative ? "list" : "leaf";
  }
  return (isObject(left) || isObject(right)) && node?.atomicMap !== true ? "map" : "leaf";
}

function sort(value: Json): string {
  return Array.isArray(value) ? "list" : isObject(value) ? "map" : "scalar";
}

/** Whether one value took the place of another sort of value: then nothing of the old one is left. */
export function unlike({ left, right }: Pair): boolean {
  const known = left !== undefined && left !== null && right !== undefined && right !== null;
  return known && sort(left) !== sort(right);
}

export function fieldsOf(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

export function itemsOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

/** Nothing on either side to descend into: then even the difference between null and empty is kept. */
export function bothEmpty({ left, right }: Pair): boolean {
  return [left, right].every((value) => Object.keys(fieldsOf(value)).length === 0 && itemsOf(value).length === 0);
}

/** The step to an item of a set or list-type map; keys that an item omits count with their defaults. */
export function itemStep(node: SchemaNode | undefined, item: Json): PathStep {
  if (node?.listType !== "map") {
    return valueStep(item);
  }
  const key: JsonObject = {};
  for (const name of node.listMapKeys) {
    const value = isObject(item) && Object.hasOwn(item, name) ? item[name] : node.items?.properties.get(name)?.default;
    setMember(key, name, value ?? null);
  }
  return keyStep(key);
}

function collectItems(node: SchemaNode | undefined, value: Json, path: FieldPath, paths: FieldPath[]): void {
  for (const item of itemsOf(value)) {
    const below = [...path, itemStep(node, item)];
    collect(node?.items, item, below, paths);
    paths.push(below);
  }
}

function collectFields(node: SchemaNode | undefined, value: Json, path: FieldPath, paths: FieldPath[]): void {
  for (const [name, entry] of Object.entries(fieldsOf(value))) {
    const below = [...path, fieldStep(name)];
    collect(node === undefined ? undefined : fieldNode(node, name), entry, below, paths);
    const empty = isObject(entry) && Object.keys(entry).length === 0;
    if (empty || node?.properties.has(name) !== true) {
      paths.push(below);
    }
  }
}

function collect(node: SchemaNode | undefined, value: Json, path: FieldPath, paths: FieldPath[]): void {
  const shape = shapeOf({ node, left: value, right: undefined });
  if (shape === "leaf") {
    paths.push(path);
  } else if (shape === "list") {
    collectItems(node, value, path, paths);
  } else {
    collectFields(node, value, path, paths);
  }
}

/** Every path that a manager who applies this value owns. */
export function fieldSetOf(node: SchemaNode | undefined, value: Json): FieldSet {
  const paths: FieldPath[] = [];
  collect(node, value, [], paths);
  return FieldSet.of(paths);
}

/** The node that a path leads to from `node`; undefined where the schema ends. */
function nodeAt(node: SchemaNode | undefined, path: FieldPath): SchemaNode | undefined {
  return path.reduce<SchemaNode | undefined>((current, step) => {
    if (current === undefined) {
      return undefined;
    }
    return step.startsWith("f:") ? fieldNode(current, step.slice(2)) : current.items;
  }, node);
}

/** Whoever owns something below a declared field owns the field too, as far as removing goes. */
export function withDeclaredFields(node: SchemaNode, set: FieldSet): FieldSet {
  return set.withMembers((steps, path) => {
    const holder = nodeAt(node, path);
    return steps.filter((step) => step.startsWith("f:") && holder?.properties.has(step.slice(2)) === true);
  });
}
