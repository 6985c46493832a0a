import type { Json } from "../contract.ts";
import { isObject, member, sameJson } from "../json.ts";
import { listMapKey } from "./list-types.ts";
import type { SchemaNode } from "./structural.ts";

/** A new value beside the old one it replaces; undefined where none can be told apart as its predecessor. */
export interface Correlated {
  readonly value: Json;
  readonly old: Json;
}

export function unchanged(pair: Correlated | undefined): boolean {
  return pair !== undefined && sameJson(pair.value, pair.old);
}

export function correlatedField(pair: Correlated | undefined, key: string): Correlated | undefined {
  const value = member(pair?.value, key);
  const old = member(pair?.old, key);
  return value === undefined || old === undefined ? undefined : { value, old };
}

/** The old item of a list-type map with the same keys; other lists do not correlate, nor do ambiguous keys. */
export function oldItem(old: Json | undefined, item: Json, node: SchemaNode | undefined): Json | undefined {
  if (!Array.isArray(old) || node?.listType !== "map" || !isObject(item)) {
    return undefined;
  }
  const key = listMapKey(item, node.listMapKeys);
  return old.find((candidate) => sameJson(listMapKey(candidate, node.listMapKeys), key));
}

export function correlatedItem(
  pair: Correlated | undefined,
  index: number,
  node: SchemaNode | undefined,
): Correlated | undefined {
  const value = Array.isArray(pair?.value) ? pair.value[index] : undefined;
  const old = value === undefined ? undefined : oldItem(pair?.old, value, node);
  return value === undefined || old === undefined ? undefined : { value, old };
}
