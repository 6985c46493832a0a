import type { Access } from "../access.ts";
import type { ColonReading } from "../words/resource-tokens.ts";
import type { StepBudget } from "../words/step-budget.ts";
import type { AccessStatement } from "./access-statement.ts";
import {
  ALL_WORDS,
  type Extent,
  NO_WORDS,
  PatternCompiler,
  type PatternSet,
  type WordSet,
} from "./pattern-compiler.ts";
import { principalPatterns } from "./principal-patterns.ts";

/** The actions and the targets (resources or principals) of a statement. */
export type Dimension = "actions" | "targets";

/** The dimensions in the order in which they are decided. */
export const DIMENSIONS: readonly Dimension[] = ["actions", "targets"];

/** The words of statements, each made once, by one reading of wildcards. */
export class StatementSets {
  readonly #use: Access["use"];
  readonly #compiler: PatternCompiler;
  readonly #sets = new Map<AccessStatement, Map<string, WordSet>>();

  constructor(use: Access["use"], colons: ColonReading, budget: StepBudget) {
    this.#use = use;
    this.#compiler = new PatternCompiler(colons, budget);
  }

  /** The names of the variables, each at the index of its character. */
  get variables(): readonly string[] {
    return this.#compiler.variables;
  }

  /** The words of a statement in one dimension. */
  get(statement: AccessStatement, dimension: Dimension, extent: Extent): WordSet {
    const key = `${dimension} ${extent}`;
    const sets = this.#sets.get(statement) ?? new Map<string, WordSet>();
    this.#sets.set(statement, sets);
    const set = sets.get(key) ?? this.#make(statement, dimension, extent);
    sets.set(key, set);
    return set;
  }

  #make({ actions, targets, hasVariables }: AccessStatement, dimension: Dimension, extent: Extent): WordSet {
    if (dimension === "actions") return this.#compiler.actions(actions);
    if (this.#use === "permissions") return this.#compiler.resources(targets, hasVariables, extent);
    return this.#principals(targets, extent);
  }

  #principals({ patterns, isNegated }: PatternSet, extent: Extent): WordSet {
    // Which principals NotPrincipal exempts depends on their accounts and sessions.
    if (isNegated) return extent === "atLeast" ? NO_WORDS : ALL_WORDS;
    return this.#compiler.texts({ patterns: principalPatterns(patterns), isNegated });
  }
}
