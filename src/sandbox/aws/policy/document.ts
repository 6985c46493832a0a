import { isObject, type JsonObject, type Statement } from "../../../model/access/evaluate/document.ts";
import { malformedPolicy } from "../fault.ts";

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

/** Whether an element is there and holds at least one thing. */
export function isFilled(statement: Statement, element: string): boolean {
  const value = statement[element];
  return value !== undefined && !(Array.isArray(value) && value.length === 0);
}
