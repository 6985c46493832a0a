import { isObject } from "./document.ts";

const types = ["String", "Numeric", "Date", "Arn"];
const comparisons: Readonly<Record<string, readonly string[]>> = {
  String: ["Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike"],
  Numeric: ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"],
  Date: ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"],
  Arn: ["Equals", "NotEquals", "Like", "NotLike"],
};

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html */
const operators: ReadonlySet<string> = new Set([
  ...types.flatMap((type) => (comparisons[type] ?? []).map((comparison) => `${type}${comparison}`.toLowerCase())),
  "bool",
  "binaryequals",
  "ipaddress",
  "notipaddress",
]);

/** Whether IAM knows the operator, in whatever case, with `ForAnyValue:`, `ForAllValues:` and `IfExists` around it. */
function isOperator(name: string): boolean {
  const bare = name.toLowerCase().replace(/^for(any|all)values?:/, "");
  return bare === "null" || operators.has(bare.replace(/ifexists$/, ""));
}

/** The first operator that IAM does not know. */
export function unknownOperator(condition: unknown): string | undefined {
  return isObject(condition) ? Object.keys(condition).find((operator) => !isOperator(operator)) : undefined;
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
