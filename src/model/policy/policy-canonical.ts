import { foldService } from "../place.ts";
import {
  asciiLowerCase,
  canonicalJson,
  compareCodeUnits,
  isJsonObject,
  type JsonList,
  type JsonObject,
  type JsonValue,
  listOf,
} from "./policy-json.ts";
import { completedResource, hasVariable, type VariableUse } from "./resource-pattern.ts";

/** The use of a document: the permissions of a role, or its trust policy. */
export type PolicyUse = "permissions" | "trust";

/**
 * A document without a Version has this one, and IAM may write it in. Policy variables such as `${aws:username}` are plain text in it;
 * where a document has none, it means the same as 2012-10-17.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
 */
const DEFAULT_VERSION = "2008-10-17";

/** The version with policy variables. */
const VERSION_WITH_VARIABLES = "2012-10-17";

/**
 * The canonical form of all documents with the same meaning to IAM. It is a policy document and its own canonical form. Unknown elements
 * and wrong types are kept unchanged, so they are equal only to themselves: a false "different" costs one write, a false "same" hides
 * drift.
 */
export function canonicalDocument(document: JsonValue, use: PolicyUse): JsonValue {
  if (!isJsonObject(document)) return document;
  const reading = readingOf(document, use);
  const statements = statementsOf(document).map((statement) => canonicalStatement(statement, reading));
  return { ...elementsOf(document), Statement: sorted(statements) };
}

/** The elements of a document without its statements, in canonical form. A version that IAM has is one of them only where it has an effect. */
export function elementsOf(document: JsonObject): JsonObject {
  const { Statement: statements, Version: version = DEFAULT_VERSION, ...elements } = document;
  const isKnown = version === DEFAULT_VERSION || version === VERSION_WITH_VARIABLES;
  const hasNoEffect = isKnown && !hasVariable(JSON.stringify(statements ?? null));
  return hasNoEffect ? elements : { Version: version, ...elements };
}

/** The statements of a document as written: one object means a list of one, nothing means none. */
export function statementsOf(document: JsonObject): JsonList {
  return listOf(document["Statement"]);
}

/** How the statements of a document are to be read. */
export interface StatementReading {
  readonly use: PolicyUse;
  readonly variables: VariableUse;
}

/** How the statements of this document are to be read: its Version says whether it has variables. */
export function readingOf(document: JsonObject, use: PolicyUse): StatementReading {
  return { use, variables: document["Version"] === VERSION_WITH_VARIABLES ? "variables" : "plain" };
}

/** The canonical form of one statement. */
export function canonicalStatement(statement: JsonValue, { use, variables }: StatementReading): JsonValue {
  if (!isJsonObject(statement)) return statement;
  const acceptsAnyone = use === "trust" && statement["Effect"] === "Allow";
  return mapMembers(statement, (value, element) => canonicalElement(element, value, { acceptsAnyone, variables }));
}

interface ElementReading {
  readonly acceptsAnyone: boolean;
  readonly variables: VariableUse;
}

function canonicalElement(
  element: string,
  value: JsonValue,
  { acceptsAnyone, variables }: ElementReading,
): JsonValue | undefined {
  switch (element) {
    case "Sid":
      return value === "" ? undefined : value;
    case "Action":
    case "NotAction":
      return setOf(value, lowerCase);
    case "Resource":
    case "NotResource":
      return setOf(value, (pattern) => (typeof pattern === "string" ? completedResource(pattern, variables) : pattern));
    case "Principal":
      return canonicalPrincipal(value === "*" && acceptsAnyone ? { AWS: "*" } : value);
    case "NotPrincipal":
      return canonicalPrincipal(value);
    case "Condition":
      return canonicalConditions(value);
    default:
      return value;
  }
}

function canonicalPrincipal(principal: JsonValue): JsonValue {
  if (!isJsonObject(principal)) return principal;
  return mapMembers(principal, (members, type) => setOf(members, FOLD_PRINCIPAL[type] ?? asIs));
}

/** One operator applied to one key: all of a statement's tests must hold, so a Condition is a set of them. */
interface ConditionTest {
  readonly operator: string;
  readonly key: string;
  readonly values: JsonList;
}

/**
 * Undefined for a Condition that tests nothing. Operators and keys are the same in any case. Two tests whose names differ
 * only by case are one test when their values agree. When they do not, they stay apart as spelled: nothing AWS publishes
 * says whether both hold or their values are alternatives, and the two readings grant different things.
 */
function canonicalConditions(condition: JsonValue): JsonValue | undefined {
  if (!isJsonObject(condition)) return condition;
  const tests: ConditionTest[] = [];
  for (const [operator, keys] of Object.entries(condition)) {
    if (!isJsonObject(keys)) return condition;
    for (const [key, values] of Object.entries(keys)) tests.push({ operator, key, values: setOf(values, scalarText) });
  }
  const byOperator = Map.groupBy([...groupByName(tests).values()].flatMap(foldCase), (test) => test.operator);
  if (byOperator.size === 0) return undefined;
  return Object.fromEntries(
    [...byOperator].map(([operator, ofIt]) => [
      operator,
      Object.fromEntries(ofIt.map(({ key, values }) => [key, values])),
    ]),
  );
}

function groupByName(tests: readonly ConditionTest[]): Map<string, ConditionTest[]> {
  return Map.groupBy(tests, ({ operator, key }) => canonicalJson([asciiLowerCase(operator), asciiLowerCase(key)]));
}

function foldCase(sameName: readonly ConditionTest[]): readonly ConditionTest[] {
  if (new Set(sameName.map((test) => canonicalJson(test.values))).size > 1) return sameName;
  return sameName.slice(0, 1).map(({ operator, key, values }) => ({
    operator: asciiLowerCase(operator),
    key: asciiLowerCase(key),
    values,
  }));
}

const FOLD_PRINCIPAL: Readonly<Record<string, (value: JsonValue) => JsonValue>> = {
  AWS: accountId,
  Service: (value) => (typeof value === "string" ? foldService(value) : value),
};

function asIs(value: JsonValue): JsonValue {
  return value;
}

/** Service prefixes and action names are case-insensitive. */
function lowerCase(value: JsonValue): JsonValue {
  return typeof value === "string" ? asciiLowerCase(value) : value;
}

/** `true` and `"true"`, `1` and `"1"` test for the same. */
function scalarText(value: JsonValue): JsonValue {
  return typeof value === "boolean" || typeof value === "number" ? String(value) : value;
}

/**
 * IAM turns an account id into the ARN of its root, in the partition it runs in. IAM refuses principals of other
 * partitions, so the id says all: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
 */
function accountId(value: JsonValue): JsonValue {
  const root = typeof value === "string" ? /^arn:aws[a-z-]*:iam::(\d{12}):root$/.exec(value) : null;
  return root?.[1] ?? value;
}

function setOf(value: JsonValue, fold: (member: JsonValue) => JsonValue): JsonList {
  const members = listOf(value).map(fold);
  return members.every((member) => typeof member === "string")
    ? [...new Set(members)].sort()
    : distinct(sorted(members));
}

function sorted(values: JsonList): JsonList {
  return values
    .map((value) => ({ value, json: canonicalJson(value) }))
    .sort((a, b) => compareCodeUnits(a.json, b.json))
    .map(({ value }) => value);
}

function distinct(values: JsonList): JsonList {
  return [...new Map(values.map((value) => [canonicalJson(value), value])).values()];
}

function mapMembers(object: JsonObject, convert: (value: JsonValue, key: string) => JsonValue | undefined): JsonObject {
  const members: [string, JsonValue][] = [];
  for (const [key, value] of Object.entries(object)) {
    const converted = convert(value, key);
    if (converted !== undefined) members.push([key, converted]);
  }
  return Object.fromEntries(members);
}
