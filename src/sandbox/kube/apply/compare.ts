import type { Json } from "../../../crd/contract.ts";
import { sameJson } from "../../../crd/json.ts";
import { fieldNode, type SchemaNode } from "../../../crd/schema/structural.ts";
import { type FieldPath, FieldSet, fieldStep, type PathStep } from "./field-set.ts";
import { bothEmpty, fieldsOf, itemStep, itemsOf, shapeOf, unlike } from "./typed-value.ts";

/** What changed from one object to another. */
export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

interface Changes {
  readonly added: FieldPath[];
  readonly modified: FieldPath[];
  readonly removed: FieldPath[];
}

function record(left: Json | undefined, right: Json | undefined, path: FieldPath, changes: Changes): void {
  if (left === undefined) {
    changes.added.push(path);
  } else if (right === undefined) {
    changes.removed.push(path);
  } else if (!sameJson(left, right)) {
    changes.modified.push(path);
  }
}

function compareFields(
  node: SchemaNode | undefined,
  left: Json | undefined,
  right: Json | undefined,
  path: FieldPath,
  changes: Changes,
): void {
  const before = fieldsOf(left);
  const after = fieldsOf(right);
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const below = node === undefined ? undefined : fieldNode(node, name);
    const old = Object.hasOwn(before, name) ? before[name] : undefined;
    const next = Object.hasOwn(after, name) ? after[name] : undefined;
    walk(below, old, next, [...path, fieldStep(name)], changes);
  }
}

function byStep(node: SchemaNode | undefined, value: Json | undefined): Map<PathStep, Json[]> {
  const groups = new Map<PathStep, Json[]>();
  for (const item of itemsOf(value)) {
    const step = itemStep(node, item);
    groups.set(step, [...(groups.get(step) ?? []), item]);
  }
  return groups;
}

/** Items that come twice cannot be told apart: all of a step are then taken as one value. */
function together(items: readonly Json[]): Json | undefined {
  return items.length > 1 ? [...items] : items[0];
}

function compareItems(
  node: SchemaNode | undefined,
  left: Json | undefined,
  right: Json | undefined,
  path: FieldPath,
  changes: Changes,
): void {
  const before = byStep(node, left);
  const after = byStep(node, right);
  for (const step of new Set([...before.keys(), ...after.keys()])) {
    const old = before.get(step) ?? [];
    const next = after.get(step) ?? [];
    const below = [...path, step];
    if (old.length > 1 || next.length > 1) {
      record(together(old), together(next), below, changes);
    } else {
      walk(node?.items, old[0], next[0], below, changes);
    }
  }
}

function descend(
  node: SchemaNode | undefined,
  left: Json | undefined,
  right: Json | undefined,
  path: FieldPath,
  changes: Changes,
): void {
  const shape = shapeOf(node, left, right);
  if (shape === "map") {
    compareFields(node, left, right, path, changes);
  } else if (shape === "list") {
    compareItems(node, left, right, path, changes);
  }
}

function walk(
  node: SchemaNode | undefined,
  left: Json | undefined,
  right: Json | undefined,
  path: FieldPath,
  changes: Changes,
): void {
  if (unlike(left, right)) {
    descend(node, left, undefined, path, changes);
    descend(node, undefined, right, path, changes);
    changes.modified.push(path);
    return;
  }
  const shape = shapeOf(node, left, right);
  if (shape === "leaf" || bothEmpty(left, right)) {
    record(left, right, path, changes);
    return;
  }
  descend(node, left, right, path, changes);
  if (left === undefined || right === undefined) {
    record(left, right, path, changes);
  }
}

/** Compares by the schema's list and map types: an atomic value changes as a whole. */
export function compare(node: SchemaNode, left: Json, right: Json): Comparison {
  const changes: Changes = { added: [], modified: [], removed: [] };
  walk(node, left, right, [], changes);
  return {
    added: FieldSet.of(changes.added),
    modified: FieldSet.of(changes.modified),
    removed: FieldSet.of(changes.removed),
  };
}
