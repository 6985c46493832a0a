import { canonicalStatement, readingOf, statementsOf } from "../../policy/policy-canonical.ts";
import {
  asciiLowerCase,
  canonicalJson,
  isJsonList,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  stringsOf,
} from "../../policy/policy-json.ts";
import { hasVariable } from "../../policy/resource-pattern.ts";
import type { Access, StatementPlace } from "../access.ts";
import { type Matcher, matcherOf } from "./condition-matcher.ts";
import type { PatternSet } from "./pattern-compiler.ts";

/** A statement, ready to be compared. */
export interface AccessStatement {
  readonly place: StatementPlace;
  readonly effect: "Allow" | "Deny";
  /** The statement as written. */
  readonly written: JsonObject;
  /** The same for statements that mean the same. */
  readonly id: string;
  /** In lower case. */
  readonly actions: PatternSet;
  /** The resources, or in a trust policy the principals, each as `AWS:111122223333`. */
  readonly targets: PatternSet;
  readonly tests: readonly ConditionTest[];
  /** The Condition that the tests are made of, in canonical form. */
  readonly condition: JsonValue | undefined;
  /** True when `${…}` is a policy variable. */
  readonly hasVariables: boolean;
}

/** The statements of one layer; undefined when the layer has a document that cannot be read. */
export type StatementLayer = readonly AccessStatement[] | undefined;

/** The statements of each layer. */
export function statementLayers({ use, layers }: Access): readonly StatementLayer[] {
  return layers.map((documents, layer) => {
    const statements: AccessStatement[] = [];
    for (const [document, json] of documents.entries()) {
      const read = readDocument(json, use, { layer, document });
      if (read === undefined) return undefined;
      statements.push(...read);
    }
    return statements;
  });
}

function readDocument(
  json: JsonValue,
  use: Access["use"],
  place: Pick<StatementPlace, "layer" | "document">,
): readonly AccessStatement[] | undefined {
  if (!isJsonObject(json)) return undefined;
  const reading = readingOf(json, use);
  const statements: AccessStatement[] = [];
  for (const [statement, written] of statementsOf(json).entries()) {
    const canonical = canonicalStatement(written, reading);
    if (!isJsonObject(canonical)) return undefined;
    const { Sid: sid, ...rest } = canonical;
    const named = { ...place, statement, sid: typeof sid === "string" ? sid : undefined };
    const read = readStatement(rest, use, named, reading.variables === "variables");
    if (read === undefined || !isJsonObject(written)) return undefined;
    statements.push({ ...read, written });
  }
  return statements;
}

const ELEMENTS: ReadonlySet<string> = new Set([
  "Effect",
  "Action",
  "NotAction",
  "Resource",
  "NotResource",
  "Principal",
  "NotPrincipal",
  "Condition",
]);

function readStatement(
  statement: JsonObject,
  use: Access["use"],
  place: StatementPlace,
  hasVariables: boolean,
): Omit<AccessStatement, "written"> | undefined {
  const effect = statement["Effect"];
  const actions = patternSet(statement["Action"], statement["NotAction"]);
  const targets = use === "trust" ? principalSet(statement) : resourceSet(statement);
  const tests = conditionTests(statement["Condition"], hasVariables);
  const isKnown = Object.keys(statement).every((element) => ELEMENTS.has(element));
  if (!isKnown || (effect !== "Allow" && effect !== "Deny")) return undefined;
  if (actions === undefined || targets === undefined || tests === undefined) return undefined;
  const json = canonicalJson(statement);
  // IAM refuses characters beyond Latin-1. Of those beyond U+FFFF, it is not known how many `?` match one.
  if (/[\uD800-\uDFFF]|\\ud[89a-f]/i.test(json)) return undefined;
  const id = hasVariables && json.includes("${") ? `variables ${json}` : json;
  return { place, effect, id, actions, targets, tests, condition: statement["Condition"], hasVariables };
}

function resourceSet(statement: JsonObject): PatternSet | undefined {
  if ("Principal" in statement || "NotPrincipal" in statement) return undefined;
  return patternSet(statement["Resource"], statement["NotResource"]);
}

function principalSet(statement: JsonObject): PatternSet | undefined {
  if ("Resource" in statement || "NotResource" in statement) return undefined;
  const [listed, not] = [statement["Principal"], statement["NotPrincipal"]];
  if ((listed === undefined) === (not === undefined)) return undefined;
  const patterns = principalNames(listed ?? not);
  return patterns && { patterns, isNegated: listed === undefined };
}

/** `*` alone is everyone. */
function principalNames(principal: JsonValue | undefined): readonly string[] | undefined {
  if (principal === "*") return ["*"];
  if (!isJsonObject(principal)) return undefined;
  const names: string[] = [];
  for (const [type, members] of Object.entries(principal)) {
    const list = stringsOf(members);
    if (list === undefined) return undefined;
    names.push(...list.map((name) => `${type}:${name}`));
  }
  return names;
}

function patternSet(listed: JsonValue | undefined, not: JsonValue | undefined): PatternSet | undefined {
  if ((listed === undefined) === (not === undefined)) return undefined;
  const patterns = stringsOf(listed ?? not);
  return patterns && { patterns, isNegated: listed === undefined };
}

/** One operator with its values, applied to one condition key. A Condition holds when all of its tests hold. */
export interface ConditionTest {
  /** Equal for tests that always hold together. */
  readonly id: string;
  /** The operator and the key in lower case. */
  readonly operator: string;
  readonly key: string;
  /** Which values of the key must match: the one that it has, any of them, or all of them. */
  readonly quantifier: "one" | "any" | "all";
  /** `…IfExists` */
  readonly ifExists: boolean;
  /** True for an operator such as `StringNotEquals`. */
  readonly isNegated: boolean;
  readonly matcher: Matcher;
}

/** The tests of a Condition in canonical form; undefined when it is not a Condition. */
export function conditionTests(
  condition: JsonValue | undefined,
  hasVariables: boolean,
): readonly ConditionTest[] | undefined {
  if (condition === undefined) return [];
  if (!isJsonObject(condition)) return undefined;
  const tests = Object.entries(condition).map(([operator, keys]) => operatorTests(operator, keys, hasVariables));
  return tests.every((some) => some !== undefined) ? withoutAmbiguous(tests.flat()) : undefined;
}

function operatorTests(operator: string, keys: JsonValue, hasVariables: boolean): readonly ConditionTest[] | undefined {
  if (!isJsonObject(keys)) return undefined;
  const tests = Object.entries(keys).map(([key, values]) => {
    const list = isJsonList(values) ? values : [values];
    const isText = list.every((value) => typeof value === "string");
    return isText ? conditionTest(operator, key, list, hasVariables) : undefined;
  });
  return tests.every((test) => test !== undefined) ? tests : undefined;
}

function conditionTest(
  operatorName: string,
  keyName: string,
  values: readonly string[],
  hasVariables: boolean,
): ConditionTest {
  const [operator, key] = [asciiLowerCase(operatorName), asciiLowerCase(keyName)];
  const [, set, bare = ""] = /^(?:for(any|all)values?:)?(.*?)(?:ifexists)?$/.exec(operator) ?? [];
  const isNegated = /^(?:string|numeric|date|arn)not|^notip/.test(bare);
  const usesVariables = hasVariables && values.some(hasVariable);
  return {
    id: canonicalJson([operator, key, values, usesVariables]),
    operator,
    key,
    quantifier: set === "any" || set === "all" ? set : "one",
    ifExists: operator.endsWith("ifexists"),
    isNegated,
    matcher: matcherOf(operator, isNegated ? bare.replace("not", "") : bare, { key, values, hasVariables }),
  };
}

/** Two tests whose names differ only by case and whose values differ: AWS does not document whether both must hold or one of them. */
function withoutAmbiguous(tests: readonly ConditionTest[]): readonly ConditionTest[] {
  const named = Map.groupBy(tests, ({ operator, key }) => `${operator} ${key}`);
  return tests.map((test): ConditionTest => {
    const same = named.get(`${test.operator} ${test.key}`) ?? [];
    if (same.length < 2) return test;
    const reason = `it tests ${test.key} twice with the same operator`;
    return {
      ...test,
      id: canonicalJson([test.id, ...same.map(({ id }) => id)]),
      matcher: { family: "unknown", reason },
    };
  });
}

/** The access without its Deny statements. */
export function withoutDenials(access: Access): Access {
  return mapStatements(access, (statement) => (statement["Effect"] === "Deny" ? [] : [statement]));
}

/** What an access denies, as an access that allows it. What is neither Allow nor Deny stays, so that it cannot be read. */
export function denialsAsAllowed(access: Access): Access {
  return mapStatements(access, (statement) => {
    const { Effect: effect } = statement;
    if (effect === "Allow") return [];
    return [effect === "Deny" ? { ...statement, Effect: "Allow" } : statement];
  });
}

function mapStatements(access: Access, convert: (statement: JsonObject) => readonly JsonObject[]): Access {
  const converted = (document: JsonValue): JsonValue => {
    if (!isJsonObject(document)) return document;
    const statements = statementsOf(document).flatMap((statement): readonly JsonValue[] =>
      isJsonObject(statement) ? convert(statement) : [statement],
    );
    return { ...document, Statement: statements };
  };
  return { use: access.use, layers: access.layers.map((documents) => documents.map(converted)) };
}
