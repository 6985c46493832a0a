import { malformedPolicy } from "../fault.ts";

/** A JSON object whose members nobody has looked at yet. */
export type JsonObject = { readonly [key: string]: unknown };

/** One statement, as parsed. */
export type Statement = JsonObject;

/** Whether a value is a JSON object, not an array and not null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A string or a list of strings as a list; undefined for anything else. */
export function stringList(value: unknown): readonly string[] | undefined {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.every((item) => typeof item === "string") ? list : undefined;
}

/**
 * The document as a JSON object.
 * @throws AwsFault MalformedPolicyDocument with the given words
 */
export function parseObject(text: string, complaint: string): JsonObject {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw malformedPolicy(complaint);
  }
  if (!isObject(parsed)) {
    throw malformedPolicy(complaint);
  }
  return parsed;
}

/** The statements of a document: IAM takes a single one without a list around it. Undefined when they are of another shape. */
export function statementsOf(document: JsonObject): readonly Statement[] | undefined {
  const value = document["Statement"];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.every(isObject) ? list : undefined;
}

/** Whether an element is there and holds at least one thing. */
export function isFilled(statement: Statement, element: string): boolean {
  const value = statement[element];
  return value !== undefined && !(Array.isArray(value) && value.length === 0);
}
