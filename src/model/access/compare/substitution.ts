import { isJsonObject, type JsonValue, listOf } from "../../policy/policy-json.ts";
import { hasVariable, resourcePieces, variableKey } from "../../policy/resource-pattern.ts";
import { type AccessStatement, conditionTests } from "./access-statement.ts";
import type { Literal } from "./key-solver.ts";

/** A value for every policy variable; undefined: their condition keys are absent. */
export type VariableValue = string | undefined;

/** A text that no policy has, and texts of the policies, so that patterns with variables can match what other patterns match. */
export function variableValues(statements: readonly AccessStatement[]): readonly VariableValue[] {
  const patterns = statements.flatMap(({ targets, condition }) => [...targets.patterns, ...textsIn(condition)]);
  const segments = patterns.flatMap((pattern) => pattern.replaceAll(VARIABLE, "*").split(/[:/*?$]/));
  const distinct = [...new Set(["example", ...segments.filter((segment) => segment !== "" && segment !== "arn")])];
  return [...distinct.slice(0, MAX_VALUES), undefined];
}

const MAX_VALUES = 12;

const VARIABLE = /\$\{[^}]*\}/g;

/** The condition keys that policy variables of the statements stand for, in lower case. */
export function variableKeys(statements: readonly AccessStatement[]): readonly string[] {
  const texts = statements
    .filter(({ hasVariables }) => hasVariables)
    .flatMap(({ targets, condition }) => [...targets.patterns, ...textsIn(condition)]);
  const keys = texts.flatMap((text) => [...text.matchAll(VARIABLE)].map(([variable]) => variableKey(variable)));
  return [...new Set(keys)].filter((key) => !isEscape(key));
}

/** The statement with a value in place of each policy variable; undefined when it then matches nothing. */
export function substituted(statement: AccessStatement, value: VariableValue): AccessStatement | undefined {
  const { targets, condition, hasVariables } = statement;
  if (!hasVariables) return statement;
  const patterns = targets.patterns.map((pattern) => textWith(pattern, value));
  const known = patterns.filter((pattern) => pattern !== undefined);
  if (targets.isNegated && known.length < patterns.length) return undefined;
  const tests = conditionTests(condition && valuesWith(condition, value), true);
  return tests && { ...statement, targets: { ...targets, patterns: known }, tests };
}

/** What must hold of the condition keys when the variables have the value. */
export function valueLiterals(keys: readonly string[], value: VariableValue): readonly Literal[] {
  const condition = Object.fromEntries(keys.map((key) => [key, value ?? "true"]));
  const tests = conditionTests({ [value === undefined ? "null" : "stringequals"]: condition }, false) ?? [];
  return tests.map((test) => ({ test, holds: true }));
}

/** Undefined when the text has a variable that has no value and no default: IAM matches nothing against it. */
function textWith(text: string, value: VariableValue): string | undefined {
  if (!hasVariable(text)) return text;
  const pieces = resourcePieces(text).map((piece) => {
    if (piece.kind === "text" || isEscape(variableKey(piece.text))) return piece.text;
    return value ?? /'([^']*)'/.exec(piece.text)?.[1];
  });
  return pieces.every((piece) => piece !== undefined) ? pieces.join("") : undefined;
}

/** A Condition without the values that match nothing. */
function valuesWith(condition: JsonValue, value: VariableValue): JsonValue {
  if (!isJsonObject(condition)) return condition;
  const operators = Object.entries(condition).map(([operator, keys]): [string, JsonValue] => {
    if (!isJsonObject(keys)) return [operator, keys];
    const members = Object.entries(keys).map(([key, values]): [string, JsonValue] => {
      const texts = listOf(values).map((member) => (typeof member === "string" ? textWith(member, value) : member));
      return [key, texts.filter((member) => member !== undefined)];
    });
    return [operator, Object.fromEntries(members)];
  });
  return Object.fromEntries(operators);
}

function textsIn(value: JsonValue | undefined): readonly string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null
    ? Object.values(value).flatMap((member: JsonValue) => textsIn(member))
    : [];
}

/** `${*}`, `${?}` and `${$}` stand for the character itself. */
function isEscape(key: string): boolean {
  return /^[*?$]$/.test(key);
}
