import type { Json, JsonObject } from "../../../crd/contract.ts";
import { setMember } from "../../../crd/json.ts";
import { fieldNode, type SchemaNode } from "../../../crd/schema/structural.ts";
import { type FieldSet, fieldStep } from "./field-set.ts";
import { bothEmpty, fieldPairs, fieldsOf, itemStep, itemsOf, type Pair, shapeOf, unlike } from "./typed-value.ts";

function mergedFields(pair: Pair): JsonObject {
  const result: JsonObject = {};
  for (const [name, below] of fieldPairs(pair)) {
    const value = merged(below);
    if (value !== undefined) {
      setMember(result, name, value);
    }
  }
  return result;
}

interface Item {
  readonly step: string;
  readonly value: Json;
}

function steps(node: SchemaNode | undefined, list: Json | undefined): readonly Item[] {
  return itemsOf(list).map((value) => ({ step: itemStep(node, value), value }));
}

/**
 * Items in the order of the applied list. A live item that is not applied keeps its place: before the next item that
 * both lists have, and before whatever is newly applied there.
 */
function mergedItems({ node, left: live, right: applied }: Pair): Json[] {
  const before = steps(node, live);
  const after = steps(node, applied);
  const wanted = new Set(after.map((item) => item.step));
  const known = new Map(before.map((item) => [item.step, item.value]));
  const shared = after.map((item) => item.step).filter((step) => known.has(step));
  const result: Json[] = [];
  let next = 0;
  const keepUntil = (stop: string | undefined): void => {
    for (; next < before.length && before[next]?.step !== stop; next += 1) {
      const item = before[next];
      result.push(...(item === undefined || wanted.has(item.step) ? [] : [item.value]));
    }
  };
  for (const { step, value } of after) {
    keepUntil(shared[0]);
    result.push(merged({ node: node?.items, left: known.get(step), right: value }) ?? value);
    if (shared[0] === step) {
      shared.shift();
      next += before[next]?.step === step ? 1 : 0;
    }
  }
  keepUntil(undefined);
  return result;
}

/** Of the live value on the left and the applied one on the right. */
function merged(pair: Pair): Json | undefined {
  const { left: live, right: applied } = pair;
  if (applied === undefined || live === undefined || unlike(pair)) {
    return applied === undefined ? live : applied;
  }
  const shape = shapeOf(pair);
  if (shape === "leaf" || bothEmpty(pair)) {
    return applied;
  }
  return shape === "map" ? mergedFields(pair) : mergedItems(pair);
}

/** The live object with the applied configuration laid over it; nothing is removed. */
export function mergeApplied(node: SchemaNode, live: JsonObject, applied: JsonObject): JsonObject {
  return fieldsOf(merged({ node, left: live, right: applied }));
}

function keptFields(node: SchemaNode | undefined, value: Json, removed: FieldSet): Json | undefined {
  const result: JsonObject = {};
  for (const [name, entry] of Object.entries(fieldsOf(value))) {
    const step = fieldStep(name);
    const kept = removed.members.has(step)
      ? undefined
      : without(node === undefined ? undefined : fieldNode(node, name), entry, removed.below(step));
    if (kept !== undefined) {
      setMember(result, name, kept);
    }
  }
  return Object.keys(result).length === 0 ? undefined : result;
}

function keptItems(node: SchemaNode | undefined, value: Json, removed: FieldSet): Json | undefined {
  const result = itemsOf(value).flatMap((item) => {
    const step = itemStep(node, item);
    const kept = removed.members.has(step) ? undefined : without(node?.items, item, removed.below(step));
    return kept === undefined ? [] : [kept];
  });
  return result.length === 0 ? undefined : result;
}

function without(node: SchemaNode | undefined, value: Json, removed: FieldSet): Json | undefined {
  if (removed.isEmpty()) {
    return value;
  }
  const shape = shapeOf({ node, left: value, right: undefined });
  if (shape === "leaf") {
    return value;
  }
  return shape === "map" ? keptFields(node, value, removed) : keptItems(node, value, removed);
}

/** The object without the named paths; maps and lists that lose their last entry go with it. */
export function removePaths(node: SchemaNode, object: JsonObject, removed: FieldSet): JsonObject {
  return fieldsOf(without(node, object, removed));
}
