import type { StatementFact } from "./policy-statement-facts.ts";

/** A statement, ready to be compared with others. */
export interface StatementView {
  /** The canonical form as JSON. */
  readonly canonical: string;
  readonly sid: string | undefined;
  /** Counts from 1 in the document as written. */
  readonly position: number;
  readonly facts: readonly StatementFact[];
}

/** The change of a statement between two documents. */
export type StatementFate =
  | { readonly fate: "changed"; readonly before: StatementView; readonly after: StatementView }
  | { readonly fate: "added"; readonly after: StatementView }
  | { readonly fate: "removed"; readonly before: StatementView };

/** Statements that share less than this part of their facts are two different statements, not one that has changed. */
const MIN_OVERLAP = 1 / 3;

/** Beyond this many possible pairs the search for the best is not worth its time; no quota allows so many statements. */
const MAX_CANDIDATES = 10_000;

/**
 * Which statement became which. Equal statements pair off and are left out; the others are matched by Sid, then by what
 * they have most in common. What changed or was added comes in the order of `to`, then what was removed in the order of
 * `from`; among equally good matches the first of each list wins.
 */
export function matchStatements(
  from: readonly StatementView[],
  to: readonly StatementView[],
): readonly StatementFate[] {
  const removed = subtract(from, to);
  const added = subtract(to, from);
  const predecessors = new Map<StatementView, StatementView>();
  for (const { before, after } of [...pairsBySid(removed, added), ...pairsByOverlap(removed, added)]) {
    if (removed.has(before) && !predecessors.has(after)) {
      removed.delete(before);
      predecessors.set(after, before);
    }
  }
  return [
    ...[...added].map((after): StatementFate => {
      const before = predecessors.get(after);
      return before === undefined ? { fate: "added", after } : { fate: "changed", before, after };
    }),
    ...[...removed].map((before): StatementFate => ({ fate: "removed", before })),
  ];
}

interface Pair {
  readonly before: StatementView;
  readonly after: StatementView;
}

function pairsBySid(from: ReadonlySet<StatementView>, to: ReadonlySet<StatementView>): readonly Pair[] {
  const bySid = Map.groupBy(from, (statement) => statement.sid);
  return [...to].flatMap((after) =>
    after.sid === undefined ? [] : (bySid.get(after.sid) ?? []).map((before) => ({ before, after })),
  );
}

function pairsByOverlap(from: ReadonlySet<StatementView>, to: ReadonlySet<StatementView>): readonly Pair[] {
  if (from.size * to.size > MAX_CANDIDATES) return [];
  const keys = new Map([...from, ...to].map((statement) => [statement, keysOf(statement)]));
  const overlap = (before: StatementView, after: StatementView): number =>
    jaccard(keys.get(before) ?? new Set(), keys.get(after) ?? new Set());
  return [...to]
    .flatMap((after) => [...from].map((before) => ({ before, after, overlap: overlap(before, after) })))
    .filter((pair) => pair.overlap >= MIN_OVERLAP)
    .sort((a, b) => b.overlap - a.overlap);
}

function keysOf(statement: StatementView): ReadonlySet<string> {
  return new Set(statement.facts.map(({ key }) => key));
}

/** The part of all members that both have: 0 to 1. */
function jaccard(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const shared = [...a].filter((key) => b.has(key)).length;
  return shared / Math.max(1, a.size + b.size - shared);
}

/** A multiset difference: a statement that is there twice needs two to cancel it. */
function subtract(from: readonly StatementView[], what: readonly StatementView[]): Set<StatementView> {
  const counts = new Map<string, number>();
  for (const { canonical } of what) counts.set(canonical, (counts.get(canonical) ?? 0) + 1);
  return new Set(
    from.filter(({ canonical }) => {
      const left = counts.get(canonical) ?? 0;
      counts.set(canonical, left - 1);
      return left <= 0;
    }),
  );
}
