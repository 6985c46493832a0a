import type { Access } from "../access.ts";
import { WordFinder, type WordQuery } from "../words/find-word.ts";
import type { StepBudget } from "../words/step-budget.ts";
import type { ColonReading } from "../words/tokens.ts";
import { RESOURCE_WORDS, TEXT_WORDS } from "../words/word-kind.ts";
import type { Word } from "../words/word-search.ts";
import type { AccessStatement } from "./access-statement.ts";
import { type ConditionSolver, type Constraint, type ContextSolution, literals } from "./condition-solver.ts";
import type { Literal } from "./key-solver.ts";
import { type Extent, isEverything, type WordSet } from "./pattern-compiler.ts";
import { type ActionSets, DIMENSIONS, type Dimension, StatementSets } from "./statement-sets.ts";

/** Asks for a request that all of the Allow statements match, that no new Deny matches, and that the old statements do not allow. */
export interface AccessQuestion {
  /** What must hold of the condition keys besides. */
  readonly given?: readonly Literal[];
  /** One Allow statement from each layer of the new side. */
  readonly granting: readonly AccessStatement[];
  readonly newDenies: readonly AccessStatement[];
  /** The statements of one layer of the old side. */
  readonly oldAllows: readonly AccessStatement[];
  readonly oldDenies: readonly AccessStatement[];
}

/** A request that the search could not rule out. */
export interface Candidate {
  readonly action: Word;
  /** The resource or the principal. */
  readonly target: Word;
  readonly context: ReadonlyMap<string, readonly string[]>;
  /** Why AWS alone knows whether the conditions hold; undefined when they do. */
  readonly doubt: string | undefined;
  /** The old statements and the new Denies that the search weighed. */
  readonly weighed: readonly AccessStatement[];
}

/** Returns true to end the search. */
export type Visit = (candidate: Candidate) => boolean;

type Role = "newDeny" | "oldAllow" | "oldDeny";

/** A statement of a question, and what is known of it in the cell. */
interface Weighed {
  readonly role: Role;
  readonly statement: AccessStatement;
}

/** The words that all of the sets have. */
interface Cell extends WordQuery {
  readonly witness: Word;
}

/** What the searches by all readings share. */
export interface SearchTools {
  readonly actions: ActionSets;
  readonly conditions: ConditionSolver;
  readonly budget: StepBudget;
}

/**
 * Searches for requests, by one reading of wildcards. It divides the actions of the Allow statements by the statements that could matter,
 * then the resources in each part, and decides the conditions in each part of these. Statements divide, patterns never do, so the parts
 * stay few.
 */
export class AccessSearch {
  readonly sets: StatementSets;
  readonly #finders: Readonly<Record<Dimension, WordFinder>>;
  readonly #conditions: ConditionSolver;
  readonly #budget: StepBudget;

  constructor(use: Access["use"], colons: ColonReading, { actions, conditions, budget }: SearchTools) {
    this.sets = new StatementSets(use, colons, actions, budget);
    this.#finders = {
      actions: actions.finder,
      targets: new WordFinder(use === "trust" ? TEXT_WORDS : RESOURCE_WORDS, budget),
    };
    this.#conditions = conditions;
    this.#budget = budget;
  }

  /**
   * Visits every kind of request that could be an answer. No visit is a proof that there is none.
   *
   * Errors: StepBudgetExceeded.
   */
  search(question: AccessQuestion, visit: Visit): void {
    const { granting, newDenies, oldAllows, oldDenies, given = [] } = question;
    const weighed: readonly Weighed[] = [
      ...newDenies.map((statement) => ({ role: "newDeny" as const, statement })),
      ...oldDenies.map((statement) => ({ role: "oldDeny" as const, statement })),
      ...oldAllows.map((statement) => ({ role: "oldAllow" as const, statement })),
    ];
    new Exploration(granting, given, this, visit).run(weighed);
  }

  /** True only when every request that `inner` matches is one that `outer` matches, whatever the values of variables are. */
  isWithin(inner: AccessStatement, outer: AccessStatement): boolean {
    if (inner.id === outer.id) return true;
    for (const dimension of DIMENSIONS) {
      const query = outside(
        within(NO_SETS, this.sets.get(inner, dimension, "own")),
        this.sets.get(outer, dimension, "atLeast"),
      );
      if (this.find(dimension, query) !== undefined) return false;
    }
    const anyOf = [literals(outer.tests, false)];
    return this.solve([{ all: literals(inner.tests, true), anyOf }]) === undefined;
  }

  /** A word of the sets; undefined when there is none. */
  find(dimension: Dimension, query: WordQuery): Word | undefined {
    return this.#finders[dimension].find(query);
  }

  /** Condition keys for one of the constraints; undefined when there are none. */
  solve(constraints: readonly Constraint[]): ContextSolution | undefined {
    return this.#conditions.solve(constraints);
  }

  /** True when the word is in the set. */
  has({ globs, isNegated }: WordSet, word: Word): boolean {
    return globs.matches(word, this.#budget) !== isNegated;
  }
}

const NO_SETS: WordQuery = { include: [], exclude: [] };

/** The words of the query that are in the set too. */
function within(query: WordQuery, set: WordSet): WordQuery {
  return set.isNegated
    ? { ...query, exclude: [...query.exclude, set.globs] }
    : { ...query, include: [...query.include, set.globs] };
}

/** The words of the query that are not in the set. */
function outside(query: WordQuery, { globs, isNegated }: WordSet): WordQuery {
  return within(query, { globs, isNegated: !isNegated });
}

/** One search. */
class Exploration {
  readonly #granting: readonly AccessStatement[];
  readonly #given: readonly Literal[];
  readonly #search: AccessSearch;
  readonly #visit: Visit;
  /** Parts that were searched, by their dimension and the statements that matter in them. */
  readonly #searched = new Set<string>();
  readonly #numbers = new Map<AccessStatement, number>();
  readonly #words: Word[] = [];
  #isOver = false;

  constructor(granting: readonly AccessStatement[], given: readonly Literal[], search: AccessSearch, visit: Visit) {
    this.#granting = granting;
    this.#given = given;
    this.#search = search;
    this.#visit = visit;
  }

  run(weighed: readonly Weighed[]): void {
    for (const [index, { statement }] of weighed.entries()) this.#numbers.set(statement, index);
    this.#enter(0, weighed);
  }

  /** Divides the words of the next dimension; behind the last one, decides the conditions. */
  #enter(depth: number, weighed: readonly Weighed[]): void {
    const dimension = DIMENSIONS[depth];
    const key = `${depth} ${weighed.map(({ statement }) => this.#numbers.get(statement)).join()}`;
    if (this.#searched.has(key)) return;
    this.#searched.add(key);
    if (dimension === undefined) {
      this.#decideConditions(weighed);
      return;
    }
    const query = this.#granting.reduce(
      (sets, statement, index) =>
        within(sets, this.#search.sets.get(statement, dimension, index === 0 ? "own" : "atMost")),
      NO_SETS,
    );
    const witness = this.#search.find(dimension, query);
    if (witness !== undefined) this.#divide(depth, dimension, { ...query, witness }, weighed, []);
  }

  /** Divides a cell by each statement in turn, into the words that the statement matches and the others. */
  #divide(
    depth: number,
    dimension: Dimension,
    cell: Cell,
    pending: readonly Weighed[],
    chosen: readonly Weighed[],
  ): void {
    if (this.#isOver) return;
    const [next, ...rest] = pending;
    if (next === undefined) {
      this.#words[depth] = cell.witness;
      this.#enter(depth + 1, chosen);
      return;
    }
    const set = this.#search.sets.get(next.statement, dimension, extentOf(next.role));
    const isWitnessIn = this.#search.has(set, cell.witness);
    const part = isWitnessIn ? outside(cell, set) : within(cell, set);
    const witness = this.#search.find(dimension, part);
    const other: Cell | undefined = witness && { ...part, witness };
    const own: Cell =
      other === undefined ? cell : { ...(isWitnessIn ? within(cell, set) : outside(cell, set)), witness: cell.witness };
    const [inside, outsideCell] = isWitnessIn ? [own, other] : [other, own];
    // A request that no statement but the Allow matches is the likeliest answer.
    if (outsideCell !== undefined) this.#divide(depth, dimension, outsideCell, rest, chosen);
    if (inside === undefined || this.#isDecidedBy(next, depth, chosen)) return;
    this.#divide(depth, dimension, inside, rest, [...chosen, next]);
  }

  /** True when the statement alone decides that no request of the cell is an answer. */
  #isDecidedBy({ role, statement }: Weighed, depth: number, chosen: readonly Weighed[]): boolean {
    if (role === "oldDeny" || statement.tests.length > 0) return false;
    const later = DIMENSIONS.slice(depth + 1);
    if (!later.every((dimension) => isEverything(this.#search.sets.get(statement, dimension, "atLeast")))) return false;
    return role === "newDeny" || !chosen.some((other) => other.role === "oldDeny");
  }

  #decideConditions(weighed: readonly Weighed[]): void {
    const of = (role: Role): readonly AccessStatement[] =>
      weighed.flatMap((one) => (one.role === role ? [one.statement] : []));
    const all = [...this.#given, ...this.#granting.flatMap(({ tests }) => literals(tests, true))];
    const notDenied = of("newDeny").map(({ tests }) => literals(tests, false));
    const notAllowed: Constraint = {
      all,
      anyOf: [...notDenied, ...of("oldAllow").map(({ tests }) => literals(tests, false))],
    };
    const denied = of("oldDeny").map(
      ({ tests }): Constraint => ({ all: [...all, ...literals(tests, true)], anyOf: notDenied }),
    );
    const solution = this.#search.solve([notAllowed, ...denied]);
    const [action, target] = this.#words;
    if (solution === undefined || action === undefined || target === undefined) return;
    this.#isOver = this.#visit({ action, target, ...solution, weighed: weighed.map(({ statement }) => statement) });
  }
}

/** What is not certain must not hide an answer. */
function extentOf(role: Role): Extent {
  return role === "oldDeny" ? "atMost" : "atLeast";
}
