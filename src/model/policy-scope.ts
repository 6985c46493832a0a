import { canonicalStatement, elementsOf, readingOf, statementsOf } from "./policy-canonical.ts";
import { buildPolicy, type PolicyDocument, policyJson } from "./policy-document.ts";
import { canonicalJson, isJsonList, isJsonObject, type JsonObject, type JsonValue } from "./policy-json.ts";

/**
 * What documents allow and deny, in the smallest pieces that a comparison of texts can tell apart: one action on one resource
 * by one principal, with all conditions. A wildcard is a piece of its own; what it contains is not looked into, so a change
 * from `s3:*` to `s3:Get*` counts as one piece gone and another one come.
 */
export interface PolicyScope {
  readonly allows: ReadonlySet<string>;
  readonly denies: ReadonlySet<string>;
}

/** What the documents allow and deny together. A document that cannot be read is a piece of both, unlike any other. */
export function scopeOf(documents: readonly PolicyDocument[]): PolicyScope {
  const statements = documents.flatMap(statementsIn);
  const keys = (wanted: (statement: ScopedStatement) => boolean): ReadonlySet<string> =>
    new Set(statements.filter(wanted).flatMap(({ pieces }) => pieces));
  return { allows: keys(({ effect }) => effect !== "Deny"), denies: keys(({ effect }) => effect !== "Allow") };
}

/** True when the first allows no more and denies no less than the second. */
export function isNoWider(one: PolicyScope, other: PolicyScope): boolean {
  return isSubset(one.allows, other.allows) && isSubset(other.denies, one.denies);
}

/** True when all that the second denies, the first denies too. */
export function deniesAsMuch(one: PolicyScope, other: PolicyScope): boolean {
  return isSubset(other.denies, one.denies);
}

/**
 * The permissions document that allows what both sides allow and denies what either denies, statement by statement;
 * undefined when nothing is left, for IAM takes no document without statements.
 */
export function commonGround(
  one: readonly PolicyDocument[],
  other: readonly PolicyDocument[],
): PolicyDocument | undefined {
  const [mine, theirs] = [one.flatMap(statementsIn), other.flatMap(statementsIn)];
  const keysOf = (statements: readonly ScopedStatement[]): ReadonlySet<string> =>
    new Set(statements.map(({ key }) => key));
  const [myKeys, theirKeys] = [keysOf(mine), keysOf(theirs)];
  const isShared = (key: string): boolean => myKeys.has(key) && theirKeys.has(key);
  const kept = [...mine, ...theirs].filter(
    ({ effect, key }) => effect === "Deny" || (effect === "Allow" && isShared(key)),
  );
  const statements = [...new Map(kept.map(({ key, statement }) => [key, statement])).values()];
  return statements.length === 0
    ? undefined
    : buildPolicy({ Version: "2012-10-17", Statement: statements }, "permissions");
}

/** One statement, as written, with what tells it from others. Its Sid does not: it is only a name. */
interface ScopedStatement {
  /** Undefined for what is no statement: it may allow and deny anything. */
  readonly effect: "Allow" | "Deny" | undefined;
  readonly key: string;
  readonly pieces: readonly string[];
  readonly statement: JsonValue;
}

function statementsIn(document: PolicyDocument): readonly ScopedStatement[] {
  const json = policyJson(document);
  if (!isJsonObject(json)) return [{ effect: undefined, key: document.text, pieces: [document.text], statement: null }];
  const { Version } = elementsOf(json);
  return statementsOf(json).map((written) => {
    const canonical = canonicalStatement(written, readingOf(json, document.use));
    if (!isJsonObject(canonical)) {
      return { effect: undefined, key: canonicalJson(canonical), pieces: [canonicalJson(canonical)], statement: null };
    }
    const { Sid: _, ...rest } = canonical;
    const { Effect: effect } = rest;
    return {
      effect: effect === "Allow" || effect === "Deny" ? effect : undefined,
      key: canonicalJson([Version ?? null, rest]),
      pieces: split(rest).map((piece) => canonicalJson([Version ?? null, piece])),
      statement: withoutSid(written),
    };
  });
}

function withoutSid(statement: JsonValue): JsonValue {
  if (!isJsonObject(statement)) return statement;
  const { Sid: _, ...rest } = statement;
  return rest;
}

/** A list of actions, resources or principals means each of them. What is listed under `Not…` does not come apart. */
function split(statement: JsonObject): readonly JsonObject[] {
  return each(each([statement], "Action"), "Resource").flatMap((piece) =>
    principalsOf(piece["Principal"]).map((principal) =>
      principal === undefined ? piece : { ...piece, Principal: principal },
    ),
  );
}

function each(statements: readonly JsonObject[], element: string): readonly JsonObject[] {
  return statements.flatMap((statement) => {
    const members = statement[element];
    return isJsonList(members) ? members.map((member) => ({ ...statement, [element]: member })) : [statement];
  });
}

function principalsOf(principal: JsonValue | undefined): readonly (JsonValue | undefined)[] {
  if (!isJsonObject(principal)) return [principal];
  return Object.entries(principal).flatMap(([type, members]) =>
    isJsonList(members) ? members.map((member) => ({ [type]: member })) : [{ [type]: members }],
  );
}

function isSubset(part: ReadonlySet<string>, whole: ReadonlySet<string>): boolean {
  return [...part].every((key) => whole.has(key));
}
