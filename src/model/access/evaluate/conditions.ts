import type { RequestContext } from "../access-request.ts";
import { type ConditionOperator, conditionOperator, type ValueTest } from "./condition-operators.ts";
import { isObject } from "./document.ts";

/** Whether something holds; a text when that cannot be said, with the reason. */
export type Truth = boolean | string;

/** A Condition element, compiled. */
export type ConditionTest = (context: RequestContext) => Truth;

/**
 * Compiles a Condition element: every key under every operator must hold, also those whose names differ by case only.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
 */
export function compileCondition(condition: unknown, hasVariables: boolean): ConditionTest {
  if (condition === undefined) return () => true;
  if (!isObject(condition) || !Object.values(condition).every(isObject)) return () => "its Condition cannot be read";
  const tests = Object.entries(condition).flatMap(([operator, keys]) =>
    Object.entries(isObject(keys) ? keys : {}).map(([key, values]) => compileKey(operator, key, values, hasVariables)),
  );
  return (context) => allOf(tests, (test) => test(context));
}

function compileKey(name: string, key: string, values: unknown, hasVariables: boolean): ConditionTest {
  const operator = conditionOperator(name);
  if (operator === undefined) return () => `the operator ${name} is unknown`;
  const list: readonly unknown[] = Array.isArray(values) ? values : [values];
  if (!list.every(isScalar)) return () => `the values of ${key} under ${name} cannot be read`;
  // Numbers and truth values are the text that they are written as.
  const texts = list.map(String);
  const lowerKey = key.toLowerCase();
  if (operator === "null") return nullTest(name, lowerKey, texts);
  const wanted = texts.map((text): ValueTest | string => {
    return operator.compile(text, hasVariables) ?? `${name} cannot read the value ${JSON.stringify(text)} of ${key}`;
  });
  return (context) => {
    const given = context.get(lowerKey) ?? [];
    return given.length === 0 ? holdsWithout(operator) : keyHolds(operator, wanted, given, context);
  };
}

function isScalar(value: unknown): boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

/** `"Null": {"key": "true"}` holds when the request does not have the key. */
function nullTest(name: string, key: string, texts: readonly string[]): ConditionTest {
  const wanted = texts.map((text) => text.toLowerCase());
  const unread = wanted.find((text) => text !== "true" && text !== "false");
  if (unread !== undefined) return () => `${name} cannot read the value ${JSON.stringify(unread)} of ${key}`;
  return (context) => wanted.includes(String((context.get(key) ?? []).length === 0));
}

/**
 * What holds in a request without the key: what must not be, `IfExists`, and ForAllValues, because every value of none matches.
 * ForAnyValue never does.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
 */
function holdsWithout({ set, ifExists, isNegated }: ConditionOperator): boolean {
  if (set === "any") return false;
  return set === "all" || ifExists || isNegated;
}

/**
 * One value of the policy must match; for a negated operator, none. With several values in the request and no set operator, AWS leaves
 * it open: one of them must match, for a negated operator all.
 */
function keyHolds(
  { set, isNegated }: ConditionOperator,
  wanted: readonly (ValueTest | string)[],
  given: readonly string[],
  context: RequestContext,
): Truth {
  const passes = (value: string): Truth => {
    const isWanted = anyOf(wanted, (test) => (typeof test === "string" ? test : test(value, context)));
    return typeof isWanted === "string" ? isWanted : isWanted !== isNegated;
  };
  return set === "all" || (set === undefined && isNegated) ? allOf(given, passes) : anyOf(given, passes);
}

/** False when one is; else the first reason why one is not known; else true. */
function allOf<T>(items: readonly T[], truthOf: (item: T) => Truth): Truth {
  let unknown: string | undefined;
  for (const item of items) {
    const truth = truthOf(item);
    if (truth === false) return false;
    if (typeof truth === "string") unknown ??= truth;
  }
  return unknown ?? true;
}

/** True when one is; else the first reason why one is not known; else false. */
function anyOf<T>(items: readonly T[], truthOf: (item: T) => Truth): Truth {
  let unknown: string | undefined;
  for (const item of items) {
    const truth = truthOf(item);
    if (truth === true) return true;
    if (typeof truth === "string") unknown ??= truth;
  }
  return unknown ?? false;
}
