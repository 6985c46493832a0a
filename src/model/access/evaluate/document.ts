/** A JSON object whose members are not checked yet. */
export type JsonObject = { readonly [key: string]: unknown };

/** One statement, as parsed. */
export type Statement = JsonObject;

/** True for a JSON object: neither a list nor null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A string or a list of strings as a list; undefined for anything else. */
export function stringList(value: unknown): readonly string[] | undefined {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.every((item) => typeof item === "string") ? list : undefined;
}

/** The statements of a document: IAM accepts a single one without a list around it. Undefined when one is not an object. */
export function statementsOf(document: JsonObject): readonly Statement[] | undefined {
  const value = document["Statement"];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.every(isObject) ? list : undefined;
}
