import { StepBudget, TooManySteps } from "../wildcard/wildcard-budget.ts";
import { canonicalStatement, elementsOf, readingOf, statementsOf } from "./policy-canonical.ts";
import { buildPolicy, type PolicyDocument, policyJson } from "./policy-document.ts";
import { canonicalJson, isJsonList, isJsonObject, type JsonObject, type JsonValue } from "./policy-json.ts";

/**
 * What documents allow and deny: which actions on which resources by which principals, under which conditions. A wildcard
 * counts as a name like any other; what it contains is not looked into, so a change from `s3:*` to `s3:Get*` counts as one
 * name gone and another one come.
 */
export interface PolicyScope {
  readonly allows: Region;
  readonly denies: Region;
}

/** Grids by what all of their points have in common: effect, conditions, version of the language, and what a statement excludes. */
type Region = ReadonlyMap<string, readonly Grid[]>;

/** Every combination of the actions, resources and principals of one statement. It is never spelled out. */
type Grid = readonly ReadonlySet<string>[];

/**
 * What a comparison may cost. The policies that IAM takes need a small part of it, unless a policy spreads actions and resources
 * over many statements on purpose.
 */
const MAX_STEPS = 200_000;

/** What the documents together allow and deny. An unreadable document counts as both, and is different from any other. */
export function scopeOf(documents: readonly PolicyDocument[]): PolicyScope {
  const statements = documents.flatMap(statementsIn);
  return {
    allows: regionOf(statements.filter(({ effect }) => effect !== "Deny")),
    denies: regionOf(statements.filter(({ effect }) => effect !== "Allow")),
  };
}

/** True when nothing is denied. */
export function deniesNothing({ denies }: PolicyScope): boolean {
  return denies.size === 0;
}

/** True only when the first allows no more and denies no less than the second. False also when the step budget is exceeded. */
export function isNoWider(one: PolicyScope, other: PolicyScope): boolean {
  return isWithin(one.allows, other.allows) && isWithin(other.denies, one.denies);
}

/** True only when the first denies everything that the second denies. False also when the step budget is exceeded. */
export function deniesAsMuch(one: PolicyScope, other: PolicyScope): boolean {
  return isWithin(other.denies, one.denies);
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
  /** What the points of the grid have in common. */
  readonly context: string;
  readonly grid: Grid;
  readonly statement: JsonValue;
}

function statementsIn(document: PolicyDocument): readonly ScopedStatement[] {
  const json = policyJson(document);
  if (!isJsonObject(json)) return [unreadable(document.text)];
  const { Version } = elementsOf(json);
  return statementsOf(json).map((written) => {
    const canonical = canonicalStatement(written, readingOf(json, document.use));
    if (!isJsonObject(canonical)) return unreadable(canonicalJson(canonical));
    const { Sid: _, ...rest } = canonical;
    const { Effect: effect } = rest;
    return {
      effect: effect === "Allow" || effect === "Deny" ? effect : undefined,
      key: canonicalJson([Version ?? null, rest]),
      ...gridOf(rest, Version),
      statement: withoutSid(written),
    };
  });
}

function withoutSid(statement: JsonValue): JsonValue {
  if (!isJsonObject(statement)) return statement;
  const { Sid: _, ...rest } = statement;
  return rest;
}

/** Of what is listed under `Not…` no part can be distinguished from the rest: it is common to all points. */
function gridOf(
  { Action, Resource, Principal, ...common }: JsonObject,
  version: JsonValue | undefined,
): Pick<ScopedStatement, "context" | "grid"> {
  return {
    context: canonicalJson([version ?? null, common]),
    grid: [namesIn(Action), namesIn(Resource), principalsIn(Principal)],
  };
}

function unreadable(text: string): ScopedStatement {
  return { effect: undefined, key: text, context: text, grid: [], statement: null };
}

/** A list means each of its members. What is not there has a name as well: it is unlike anything that is. */
function namesIn(value: JsonValue | undefined): ReadonlySet<string> {
  if (value === undefined) return new Set([""]);
  return new Set((isJsonList(value) ? value : [value]).map(canonicalJson));
}

function principalsIn(principal: JsonValue | undefined): ReadonlySet<string> {
  if (!isJsonObject(principal)) return namesIn(principal);
  return new Set(Object.entries(principal).flatMap(([type, of]) => [...namesIn(of)].map((name) => `${type} ${name}`)));
}

function regionOf(statements: readonly ScopedStatement[]): Region {
  const byContext = Map.groupBy(statements, ({ context }) => context);
  return new Map([...byContext].map(([context, ofIt]) => [context, ofIt.map(({ grid }) => grid)]));
}

function isWithin(part: Region, whole: Region): boolean {
  const budget = new StepBudget(MAX_STEPS);
  try {
    return [...part].every(([context, grids]) => {
      const others = whole.get(context) ?? [];
      return grids.every((grid) => isCovered(grid, others, 0, budget));
    });
  } catch (error) {
    if (error instanceof TooManySteps) return false;
    throw error;
  }
}

/** True when every point of the grid is in one of the others. Names that occur in the same other grids are compared as one. */
function isCovered(grid: Grid, others: readonly Grid[], dimension: number, budget: StepBudget): boolean {
  const names = grid[dimension];
  if (names === undefined || others.length === 0) return others.length > 0;
  const havingSame = new Map<string, readonly Grid[]>();
  for (const name of names) {
    budget.spend(1 + others.length);
    const having = others.flatMap((other, index) => (other[dimension]?.has(name) ? [index] : []));
    if (having.length === 0) return false;
    const key = having.join();
    if (!havingSame.has(key))
      havingSame.set(
        key,
        others.filter((other) => other[dimension]?.has(name)),
      );
  }
  return [...havingSame.values()].every((having) => isCovered(grid, having, dimension + 1, budget));
}
