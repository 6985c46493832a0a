import type { Json, JsonObject } from "../../crd/contract.ts";
import { objectMember } from "../../crd/json.ts";

/** The object at `key`, or an empty one that is not attached to the parent. */
export function objectAt(parent: JsonObject, key: string): JsonObject {
  return objectMember(parent, key) ?? {};
}

/** The object's metadata; empty when it has none. */
export function metaOf(object: JsonObject): JsonObject {
  return objectAt(object, "metadata");
}

/** A shallow copy with the metadata changed. */
export function withMeta(object: JsonObject, change: JsonObject): JsonObject {
  return { ...object, metadata: { ...metaOf(object), ...change } };
}

/** A shallow copy without the named keys. */
export function without(object: JsonObject, ...keys: readonly string[]): JsonObject {
  const copy = { ...object };
  for (const key of keys) delete copy[key];
  return copy;
}

/** Freezes the value and all it holds, so that a stored object cannot be changed by who reads it. */
export function deepFreeze<T extends Json>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) deepFreeze(child);
  }
  return value;
}
