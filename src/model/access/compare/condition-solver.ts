import type { StepBudget } from "../words/step-budget.ts";
import type { ConditionTest } from "./access-statement.ts";
import { type KeySolution, type Literal, solveKey } from "./key-solver.ts";

/** What the conditions of a request must be: every literal of `all`, and of each list in `anyOf` at least one. */
export interface Constraint {
  readonly all: readonly Literal[];
  readonly anyOf: readonly (readonly Literal[])[];
}

/** Condition keys for which a constraint holds. Keys without values are absent, like all that are not listed. */
export interface ContextSolution {
  readonly context: ReadonlyMap<string, readonly string[]>;
  /** The first reason why AWS alone knows whether the constraint holds; undefined when it holds. */
  readonly doubt: string | undefined;
}

/** The literal that each test holds, or that each does not. */
export function literals(tests: readonly ConditionTest[], holds: boolean): readonly Literal[] {
  return tests.map((test) => ({ test, holds }));
}

/** Finds condition keys for constraints, within one budget. */
export class ConditionSolver {
  readonly #multivalued: ReadonlySet<string>;
  readonly #budget: StepBudget;
  /** By the literals of one key. */
  readonly #solutions = new Map<string, KeySolution | undefined>();

  /** `multivalued`: the keys that may have several values, for a policy tests them with ForAnyValue or ForAllValues. */
  constructor(multivalued: ReadonlySet<string>, budget: StepBudget) {
    this.#multivalued = multivalued;
    this.#budget = budget;
  }

  /**
   * Keys for which one of the constraints holds; undefined when there are none, which is a proof. A solution without doubt is found when
   * there is one.
   *
   * Errors: StepBudgetExceeded.
   */
  solve(constraints: readonly Constraint[]): ContextSolution | undefined {
    for (const acceptsDoubt of [false, true]) {
      for (const constraint of constraints) {
        const solution = this.#solve(constraint, acceptsDoubt);
        if (solution !== undefined) return solution;
      }
    }
    return undefined;
  }

  #solve({ all, anyOf }: Constraint, acceptsDoubt: boolean): ContextSolution | undefined {
    let assignment: Assignment | undefined = new Map();
    for (const literal of all) assignment = assignment && this.#assume(assignment, literal, acceptsDoubt);
    const found = assignment && this.#satisfy(assignment, anyOf, acceptsDoubt);
    return found && this.#contextOf(found);
  }

  /** Chooses a literal for each clause, for the clause with the fewest choices first. */
  #satisfy(assignment: Assignment, clauses: readonly Clause[], acceptsDoubt: boolean): Assignment | undefined {
    let best: { readonly clause: Clause; readonly choices: readonly Assignment[] } | undefined;
    const open = clauses.filter((clause) => !clause.some((literal) => isAssumed(assignment, literal)));
    for (const clause of open) {
      const choices = clause.flatMap((literal) => this.#assume(assignment, literal, acceptsDoubt) ?? []);
      if (choices.length === 0) return undefined;
      if (best === undefined || choices.length < best.choices.length) best = { clause, choices };
      if (choices.length === 1) break;
    }
    if (best === undefined) return assignment;
    const rest = open.filter((clause) => clause !== best.clause);
    for (const choice of best.choices) {
      const found = this.#satisfy(choice, rest, acceptsDoubt);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The assignment with one more literal; undefined when its key has no values then. */
  #assume(assignment: Assignment, literal: Literal, acceptsDoubt: boolean): Assignment | undefined {
    if (isAssumed(assignment, literal)) return assignment;
    // The assignment is copied.
    this.#budget.spend(assignment.size >> 3);
    const { key } = literal.test;
    const assumed = [...(assignment.get(key) ?? []), literal];
    const solution = this.#solutionOf(key, assumed);
    if (solution === undefined || !(solution.isCertain || acceptsDoubt)) return undefined;
    return new Map(assignment).set(key, assumed);
  }

  #solutionOf(key: string, assumed: readonly Literal[]): KeySolution | undefined {
    const id = assumed
      .map(({ test, holds }) => `${holds ? "+" : "-"}${test.id}`)
      .sort()
      .join("\n");
    this.#budget.spend(1 + (id.length >> 6));
    if (this.#solutions.has(id)) return this.#solutions.get(id);
    const solution = solveKey(assumed, this.#multivalued.has(key), this.#budget);
    this.#solutions.set(id, solution);
    return solution;
  }

  #contextOf(assignment: Assignment): ContextSolution {
    const context = new Map<string, readonly string[]>();
    let doubt: string | undefined;
    for (const [key, assumed] of assignment) {
      const solution = this.#solutionOf(key, assumed);
      if (solution === undefined) continue;
      if (solution.values.length > 0) context.set(key, solution.values);
      if (!solution.isCertain) doubt ??= doubtOf(key, assumed);
    }
    return { context, doubt };
  }
}

type Clause = readonly Literal[];

/** By condition key: the literals that are assumed to hold. */
type Assignment = ReadonlyMap<string, readonly Literal[]>;

function isAssumed(assignment: Assignment, { test, holds }: Literal): boolean {
  return assignment.get(test.key)?.some((other) => other.test.id === test.id && other.holds === holds) ?? false;
}

function doubtOf(key: string, assumed: readonly Literal[]): string {
  for (const { test } of assumed) if (test.matcher.family === "unknown") return test.matcher.reason;
  return `it tests ${key} as values of different types`;
}
