import type { Json } from "../../../crd/contract.ts";
import { sameJson } from "../../../crd/json.ts";
import type { SchemaNode } from "../../../crd/schema/structural.ts";
import { type FieldPath, FieldSet, fieldStep, type PathStep } from "./field-set.ts";
import { bothEmpty, fieldPairs, itemStep, itemsOf, type Pair, shapeOf, unlike } from "./typed-value.ts";

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

function record({ left, right }: Pick<Pair, "left" | "right">, path: FieldPath, changes: Changes): void {
  if (left === undefined) {
    changes.added.push(path);
  } else if (right === undefined) {
    changes.removed.push(path);
  } else if (!sameJson(left, right)) {
    changes.modified.push(path);
  }
}

function byStep(node: SchemaNode | undefined, value: Json | undefined): Map<PathStep, Json[]> {
  return Map.groupBy(itemsOf(value), (item) => itemStep(node, item));
}

/** Items that come twice cannot be told apart: all of a step are then taken as one value. */
function together(items: readonly Json[]): Json | undefined {
  return items.length > 1 ? [...items] : items[0];
}

function compareItems({ node, left, right }: Pair, path: FieldPath, changes: Changes): void {
  const before = byStep(node, left);
  const after = byStep(node, right);
  for (const step of new Set([...before.keys(), ...after.keys()])) {
    const old = before.get(step) ?? [];
    const next = after.get(step) ?? [];
    const pair = { node: node?.items, left: together(old), right: together(next) };
    if (old.length > 1 || next.length > 1) {
      record(pair, [...path, step], changes);
    } else {
      walk(pair, [...path, step], changes);
    }
  }
}

function descend(pair: Pair, path: FieldPath, changes: Changes): void {
  const shape = shapeOf(pair);
  if (shape === "map") {
    for (const [name, below] of fieldPairs(pair)) {
      walk(below, [...path, fieldStep(name)], changes);
    }
  } else if (shape === "list") {
    compareItems(pair, path, changes);
  }
}

function walk(pair: Pair, path: FieldPath, changes: Changes): void {
  if (unlike(pair)) {
    descend({ ...pair, right: undefined }, path, changes);
    descend({ ...pair, left: undefined }, path, changes);
    changes.modified.push(path);
    return;
  }
  const isWhole = shapeOf(pair) === "leaf" || bothEmpty(pair);
  if (!isWhole) {
    descend(pair, path, changes);
  }
  if (isWhole || pair.left === undefined || pair.right === undefined) {
    record(pair, path, changes);
  }
}

/** Compares by the schema's list and map types: an atomic value changes as a whole. */
export function compare(node: SchemaNode, left: Json, right: Json): Comparison {
  const changes: Changes = { added: [], modified: [], removed: [] };
  walk({ node, left, right }, [], changes);
  return {
    added: FieldSet.of(changes.added),
    modified: FieldSet.of(changes.modified),
    removed: FieldSet.of(changes.removed),
  };
}
