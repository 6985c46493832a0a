import { canonicalStatement, readingOf, statementsOf } from "../../policy/policy-canonical.ts";
import { canonicalJson, isJsonObject, type JsonObject, type JsonValue, stringsOf } from "../../policy/policy-json.ts";
import type { Access, StatementPlace } from "../access.ts";
import { type ConditionTest, conditionTests } from "./condition-test.ts";
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
