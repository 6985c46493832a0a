import type { Json, JsonObject } from "./contract.ts";

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value under `key` when the holder is an object and has the key itself, not by inheritance. */
export function member(holder: Json | undefined, key: string): Json | undefined {
  return isObject(holder) && Object.hasOwn(holder, key) ? holder[key] : undefined;
}

export function objectMember(holder: Json | undefined, key: string): JsonObject | undefined {
  const value = member(holder, key);
  return isObject(value) ? value : undefined;
}

export function listMember(holder: Json | undefined, key: string): readonly Json[] {
  const value = member(holder, key);
  return Array.isArray(value) ? value : [];
}

export function stringMember(holder: Json | undefined, key: string): string {
  const value = member(holder, key);
  return typeof value === "string" ? value : "";
}

export function numberMember(holder: Json | undefined, key: string): number | undefined {
  const value = member(holder, key);
  return typeof value === "number" ? value : undefined;
}

export function stringsMember(holder: Json | undefined, key: string): readonly string[] {
  return listMember(holder, key).filter((entry) => typeof entry === "string");
}

/** Sets a key even when it is `__proto__`, which plain assignment would not. */
export function setMember(holder: JsonObject, key: string, value: Json): void {
  if (key === "__proto__") {
    Object.defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    holder[key] = value;
  }
}

export function cloneJson<T extends Json>(value: T): T;
export function cloneJson(value: Json): Json {
  if (Array.isArray(value)) {
    return value.map((entry) => cloneJson(entry));
  }
  if (!isObject(value)) {
    return value;
  }
  const copy: JsonObject = {};
  for (const [key, entry] of Object.entries(value)) {
    setMember(copy, key, cloneJson(entry));
  }
  return copy;
}

function sameLists(left: readonly Json[], right: readonly Json[]): boolean {
  return left.length === right.length && left.every((entry, index) => sameJson(entry, right[index]));
}

function sameObjects(left: JsonObject, right: JsonObject): boolean {
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && sameJson(left[key], right[key]))
  );
}

/** Equality by value; the order of keys does not count, the order of list entries does. */
export function sameJson(left: Json | undefined, right: Json | undefined): boolean {
  if (left === right) {
    return true;
  }
  if (Array.isArray(left)) {
    return Array.isArray(right) && sameLists(left, right);
  }
  return isObject(left) && isObject(right) && sameObjects(left, right);
}

/** JSON with sorted keys: equal values give equal text. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) {
    return `[${value.map(canonicalJson).join(",")}]`;
  }
  if (!isObject(value)) {
    return JSON.stringify(value);
  }
  const entries = Object.keys(value).sort();
  return `{${entries.map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] ?? null)}`).join(",")}}`;
}
