import { asciiLowerCase } from "../../policy/policy-json.ts";
import type { RequestContext } from "../access-request.ts";
import { type ColonReading, compileResource } from "./arn.ts";
import { type ConditionOperator, conditionOperator, type ValueTest } from "./condition-operators.ts";
import { isObject, type Statement, stringList } from "./document.ts";
import { type Coverage, compileNotPrincipal, compilePrincipal, type PrincipalTest } from "./principals.ts";
import { compileText, type TextPattern } from "./text-pattern.ts";

/** How policies are read. */
export interface PolicyReading {
  /** `trust`: statements name principals and no resources. */
  readonly use: "permissions" | "trust";
  readonly colons: ColonReading;
}

/** A request as compiled statements read it. */
export interface PreparedRequest {
  /** In lower case. */
  readonly action: string;
  readonly resource: string;
  /** Every name of the principal. */
  readonly principals: readonly string[];
  readonly context: RequestContext;
}

/** A statement, ready to be evaluated. */
export interface CompiledStatement {
  readonly effect: "Allow" | "Deny";
  readonly sid: string | undefined;
  /** How the statement covers the principal; undefined when it is not about the principal. Permissions belong to theirs. */
  readonly covers: (request: PreparedRequest) => Coverage | undefined;
  /** Whether the rest of it holds; a text when that cannot be said, with the reason. */
  readonly holds: (request: PreparedRequest) => Truth;
}

/** Compiles a statement of a document; a text, with the reason, for one that IAM does not accept. */
export function compileStatement(
  statement: Statement,
  hasVariables: boolean,
  { use, colons }: PolicyReading,
): CompiledStatement | string {
  const effect = statement["Effect"];
  if (effect !== "Allow" && effect !== "Deny") return "its Effect is neither Allow nor Deny";
  const action = compileElement(statement, "Action", (name) =>
    compileText(name, { hasVariables: false, fold: asciiLowerCase }),
  );
  const resource = compileElement(statement, "Resource", (name) => compileResource(name, { hasVariables }, colons));
  const principal = use === "trust" ? compilePrincipals(statement) : undefined;
  if (typeof action !== "function") return action ?? "it has no Action";
  if (typeof resource === "string") return resource;
  if (resource === undefined && use === "permissions") return "it has no Resource";
  if (typeof principal === "string") return principal;
  const condition = compileCondition(statement["Condition"], hasVariables);
  const sid = statement["Sid"];
  return {
    effect,
    sid: typeof sid === "string" && sid !== "" ? sid : undefined,
    covers: ({ principals }) => (principal === undefined ? "name" : principal(principals)),
    holds: ({ action: actionName, resource: arn, context }) =>
      action(actionName, context) && (resource === undefined || resource(arn, context)) && condition(context),
  };
}

type ElementTest = (text: string, context: RequestContext) => boolean;

/**
 * Compiles an element or its opposite, such as Action or NotAction. An opposite with a variable that has no value is about nothing:
 * "all but something unknown" could be anything. Undefined when the statement has neither; a text for what IAM does not accept.
 */
function compileElement(
  statement: Statement,
  element: "Action" | "Resource",
  compile: (pattern: string) => TextPattern,
): ElementTest | string | undefined {
  const [wanted, unwanted] = [statement[element], statement[`Not${element}`]];
  if (wanted !== undefined && unwanted !== undefined) return `it has both ${element} and Not${element}`;
  const given = wanted ?? unwanted;
  if (given === undefined) return undefined;
  const patterns = stringList(given)?.map(compile);
  if (patterns === undefined || patterns.length === 0) return `its ${element} cannot be read`;
  if (wanted !== undefined) return (text, context) => patterns.some((pattern) => pattern.matches(text, context));
  return (text, context) =>
    patterns.every((pattern) => pattern.isResolvable(context) && !pattern.matches(text, context));
}

function compilePrincipals(statement: Statement): PrincipalTest | string {
  if (statement["NotPrincipal"] === undefined) return compilePrincipal(statement);
  return statement["Effect"] === "Allow"
    ? "IAM does not support NotPrincipal with Allow"
    : compileNotPrincipal(statement);
}

/** Whether something holds; a text when that cannot be said, with the reason. */
type Truth = boolean | string;

/** A Condition element, compiled. */
type ConditionTest = (context: RequestContext) => Truth;

/**
 * Compiles a Condition element: every key under every operator must hold, also those whose names differ by case only.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
 */
function compileCondition(condition: unknown, hasVariables: boolean): ConditionTest {
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
