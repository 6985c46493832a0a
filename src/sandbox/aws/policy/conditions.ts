import { conditionOperator } from "../../../model/access/evaluate/condition-operators.ts";
import { isObject } from "../../../model/access/evaluate/document.ts";

/** The first operator that IAM does not know. */
export function unknownOperator(condition: unknown): string | undefined {
  if (!isObject(condition)) return undefined;
  return Object.keys(condition).find((operator) => conditionOperator(operator) === undefined);
}

/** Whether a Condition element is operators with keys with strings, numbers or truth values, alone or in lists. */
export function isConditionShaped(condition: unknown): boolean {
  const isScalar = (value: unknown): boolean => ["string", "number", "boolean"].includes(typeof value);
  const isValue = (value: unknown): boolean => isScalar(value) || (Array.isArray(value) && value.every(isScalar));
  return (
    isObject(condition) &&
    Object.values(condition).every((keys) => isObject(keys) && Object.values(keys).every(isValue))
  );
}
