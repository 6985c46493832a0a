import type { Access } from "../../../src/model/access/access.ts";
import type { RequestContext } from "../../../src/model/access/access-request.ts";
import {
  actionTest,
  conditionHolds,
  type PlainRequest,
  type PlainStatement,
  principalTest,
  resourceTest,
  statementsOf,
} from "./plain-iam.ts";
import { READINGS, type Reading } from "./plain-patterns.ts";
import type { Pair } from "./random-pairs.ts";
import { requestSpace } from "./request-space.ts";
import { actionsFor, REQUEST_PRINCIPALS } from "./request-values.ts";

/** What trying every request of the small space has found. */
export interface BruteForceResult {
  /** A request that `to` allows and `from` does not, in this reading. */
  readonly found: { readonly request: PlainRequest; readonly reading: Reading } | undefined;
  /** One that is so in every reading. */
  readonly certain: PlainRequest | undefined;
}

/** Which statements of each side hold, as bits. */
type Bits = readonly [from: number, to: number];

interface Side {
  readonly statements: readonly PlainStatement[];
  readonly layers: readonly { readonly allow: number; readonly deny: number }[];
}

function sideOf(access: Access): Side {
  const statements = statementsOf(access);
  if (statements.length > 31) throw new Error("more statements than bits");
  const bitsOf = (wanted: (statement: PlainStatement) => boolean): number =>
    statements.reduce((bits, statement, index) => (wanted(statement) ? bits | (1 << index) : bits), 0);
  return {
    statements,
    layers: access.layers.map((_, layer) => ({
      allow: bitsOf((statement) => statement.layer === layer && !statement.isDeny),
      deny: bitsOf((statement) => statement.layer === layer && statement.isDeny),
    })),
  };
}

const allowed = ({ layers }: Side, bits: number): boolean =>
  layers.length > 0 && layers.every(({ allow, deny }) => (bits & allow) !== 0 && (bits & deny) === 0);

/** An item, and the statements that hold for it in each reading. */
interface Told<T> {
  readonly item: T;
  readonly bits: readonly Bits[];
}

/** The items, one for each set of statements that hold for it. */
function told<T>(
  sides: readonly [Side, Side],
  items: readonly T[],
  readings: readonly ((statement: PlainStatement) => (item: T) => boolean)[],
): readonly Told<T>[] {
  const tests = readings.map((testOf) => sides.map(({ statements }) => statements.map(testOf)));
  const bitsOf = (item: T, side: readonly ((item: T) => boolean)[] = []): number =>
    side.reduce((bits, holds, index) => (holds(item) ? bits | (1 << index) : bits), 0);
  const seen = new Map<string, Told<T>>();
  for (const item of items) {
    const bits = tests.map(([from, to]): Bits => [bitsOf(item, from), bitsOf(item, to)]);
    const key = bits.join(";");
    if (!seen.has(key)) seen.set(key, { item, bits });
  }
  return [...seen.values()];
}

/** Tries every request of a space that is made of the pair's own patterns and values. */
export function bruteForce(pair: Pair): BruteForceResult {
  const sides = [sideOf(pair.from), sideOf(pair.to)] as const;
  let found: BruteForceResult["found"];
  for (const { request, bits } of kindsOf(pair.to.use, sides)) {
    const news = READINGS.filter((_, index) => {
      const [from, to] = bits[index] ?? [0, 0];
      return allowed(sides[1], to) && !allowed(sides[0], from);
    });
    const [reading] = news;
    if (reading === undefined) continue;
    if (news.length === READINGS.length) return { found: { request, reading }, certain: request };
    found ??= { request, reading };
  }
  return { found, certain: undefined };
}

/** A request for each kind of requests that the statements tell apart, and the statements that hold for it in each reading. */
function* kindsOf(
  use: Access["use"],
  sides: readonly [Side, Side],
): Generator<{ readonly request: PlainRequest; readonly bits: readonly Bits[] }> {
  const statements = sides.flatMap((side) => side.statements);
  const { contexts, resourcesIn, variablesKey } = requestSpace(statements);
  const names = actionsFor(
    use,
    statements.flatMap(({ action }) => action.patterns),
  );
  const actions = told(sides, names, [actionTest]);
  const principals = told(sides, use === "trust" ? REQUEST_PRINCIPALS : [undefined], [principalTest]);
  const who = actions.flatMap((action) =>
    principals.map((principal) => ({ action, principal, bits: and(action.bits[0] ?? [0, 0], principal.bits[0]) })),
  );
  const resources = new Map<string, readonly Told<string>[]>();
  for (const { context, bits } of contextGroups(sides, contexts, variablesKey)) {
    const key = variablesKey(context);
    const own = resources.get(key) ?? told(sides, resourcesIn(context), resourceTests(context));
    resources.set(key, own);
    for (const { action, principal, bits: some } of who) {
      const common = and(bits, some);
      // No statement of `to` is about it.
      if (common[1] === 0) continue;
      for (const resource of own) {
        const request = { action: action.item, resource: resource.item, principal: principal.item, context };
        yield { request, bits: resource.bits.map((one) => and(common, one)) };
      }
    }
  }
}

const and = ([from, to]: Bits, other: Bits | undefined): Bits => [from & (other?.[0] ?? 0), to & (other?.[1] ?? 0)];

const resourceTests = (context: RequestContext) =>
  READINGS.map((reading) => (statement: PlainStatement) => resourceTest(statement, context, reading));

/** One context for each set of conditions that hold in it and each value of the variables. */
function contextGroups(
  [from, to]: readonly [Side, Side],
  contexts: readonly RequestContext[],
  variablesKey: (context: RequestContext) => string,
): readonly { readonly context: RequestContext; readonly bits: Bits }[] {
  const bitsOf = ({ statements }: Side, context: RequestContext): number =>
    statements.reduce((bits, statement, index) => (conditionHolds(statement, context) ? bits | (1 << index) : bits), 0);
  const seen = new Map<string, { readonly context: RequestContext; readonly bits: Bits }>();
  for (const context of contexts) {
    const bits: Bits = [bitsOf(from, context), bitsOf(to, context)];
    const key = `${bits.join()} ${variablesKey(context)}`;
    if (!seen.has(key)) seen.set(key, { context, bits });
  }
  return [...seen.values()];
}
