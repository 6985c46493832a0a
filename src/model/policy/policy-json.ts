/** Any JSON value. */
export type JsonValue = string | number | boolean | null | JsonList | JsonObject;

/** A JSON array. */
export type JsonList = readonly JsonValue[];

/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** True for a JSON object: neither null nor a list. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Array.isArray that also narrows read-only lists. */
export function isJsonList(value: JsonValue | undefined): value is JsonList {
  return Array.isArray(value);
}

/** A list as it is, another value as a list of one, and undefined as an empty list: policies write one value without a list around it. */
export function listOf(value: JsonValue | undefined): JsonList {
  if (value === undefined) return [];
  return isJsonList(value) ? value : [value];
}

/** {@link listOf} for strings; undefined for nothing, and when a member is no string. */
export function stringsOf(value: JsonValue | undefined): readonly string[] | undefined {
  const list = listOf(value);
  return value !== undefined && list.every((member) => typeof member === "string") ? list : undefined;
}

/** JSON with keys in code unit order and no white space: equal strings mean equal values, whatever the key order. */
export function canonicalJson(value: JsonValue): string {
  if (isJsonList(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => compareCodeUnits(a, b));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(",")}}`;
}

/** The order of every sorted thing in a policy: the same on every machine, unlike an order by locale. */
export function compareCodeUnits(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/**
 * Lower case of A to Z alone. `toLowerCase` would also fold the Kelvin sign into a k and so make one name of two.
 */
export function asciiLowerCase(text: string): string {
  // Most texts have no capitals, and some calls have thousands of texts.
  if (!/[A-Z]/.test(text)) return text;
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** A policy needs seven levels (document, list, statement, Condition, operator, key, value); IAM refuses more. */
export const DEEPEST_POLICY = 32;

/** True when lists and objects are nested in more than `levels` levels. Never walks deeper than that. */
export function nestsDeeperThan(levels: number, value: JsonValue): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((member: JsonValue) => nestsDeeperThan(levels - 1, member));
}
