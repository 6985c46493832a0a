import { asciiLowerCase } from "../../policy/policy-json.ts";
import { hasVariable, variableKey } from "../../policy/resource-pattern.ts";
import { globOf, matchesEverything } from "../words/glob.ts";
import { GlobSet } from "../words/glob-set.ts";
import type { StepBudget } from "../words/step-budget.ts";
import { type ColonReading, resourceTokens, TOKEN, type Token, variableCode, wildcardTokens } from "../words/tokens.ts";

/** Patterns, or, `isNegated`, everything that none of them matches. */
export interface PatternSet {
  readonly patterns: readonly string[];
  readonly isNegated: boolean;
}

/** Words that a set of globs matches, or, `isNegated`, all others. */
export interface WordSet {
  readonly globs: GlobSet;
  readonly isNegated: boolean;
}

/**
 * How much of a set counts where policy variables leave it open.
 * - `own`: its own words, each variable as one character. They stand for all requests that the set matches.
 * - `atMost`: what it matches for some values of the variables.
 * - `atLeast`: what it matches for all values of the variables.
 */
export type Extent = "own" | "atMost" | "atLeast";

/** No word. */
export const NO_WORDS: WordSet = { globs: new GlobSet([]), isNegated: false };
/** Every word. */
export const ALL_WORDS: WordSet = { globs: new GlobSet([]), isNegated: true };

/** True when the set has every word. */
export function isEverything({ globs, isNegated }: WordSet): boolean {
  return isNegated ? globs.globs.length === 0 : globs.globs.some(matchesEverything);
}

/** Pattern characters that are read in one step. */
const READ_PER_STEP = 16;

/** Spends the steps that it takes to read the patterns. */
export function spendOnReading(patterns: readonly string[], budget: StepBudget): void {
  budget.spend(patterns.reduce((sum, { length }) => sum + Math.ceil(length / READ_PER_STEP), 0));
}

/** The words of patterns with `*` and `?` and nothing else that is special. */
export function textWords({ patterns, isNegated }: PatternSet): WordSet {
  return { globs: new GlobSet([...new Set(patterns)].map((pattern) => globOf(wildcardTokens(pattern)))), isNegated };
}

/** The words of actions, which match in any case. */
export function actionWords({ patterns, isNegated }: PatternSet): WordSet {
  return textWords({ patterns: patterns.map(asciiLowerCase), isNegated });
}

/** Makes globs of resource patterns, by one reading of wildcards. The same variable becomes the same character everywhere. */
export class PatternCompiler {
  readonly #colons: ColonReading;
  readonly #variables = new Map<string, number>();

  constructor(colons: ColonReading) {
    this.#colons = colons;
  }

  /** Resources, with `${…}` as variables or as plain text. */
  resources(set: PatternSet, hasVariables: boolean, extent: Extent): WordSet {
    const { patterns, isNegated } = set;
    // IAM matches nothing against "all but this" while a variable of "this" has no value.
    if (isNegated && extent === "atLeast" && hasVariables && patterns.some(hasVariable)) return NO_WORDS;
    const inner = isNegated ? complementOf(extent) : extent;
    const variables = (variable: string, isColonless: boolean): readonly Token[] => {
      if (inner !== "atMost") return [this.#variableCode(variable, isColonless)];
      return [isColonless ? TOKEN.textWithoutColon : TOKEN.anyText];
    };
    const read = [...new Set(patterns)].map((pattern) =>
      resourceTokens(pattern, this.#colons, hasVariables ? variables : undefined),
    );
    const counted = inner === "atLeast" ? read.filter(({ isCertain }) => isCertain) : read;
    const globs = new GlobSet(
      counted.map(({ tokens }) => globOf(tokens)),
      { variablesAreAnyText: inner === "atMost" },
    );
    return { globs, isNegated };
  }

  #variableCode(variable: string, isColonless: boolean): Token {
    const name = variableName(variable);
    const index = this.#variables.get(name) ?? this.#variables.size;
    this.#variables.set(name, index);
    return variableCode(index, isColonless);
  }
}

/** What a set has at most is what the complement has not at least. */
function complementOf(extent: Extent): Extent {
  return extent === "atLeast" ? "atMost" : "atLeast";
}

/** The key of a variable in lower case, and its default as written. */
function variableName(variable: string): string {
  const [, fallback = ""] = /^\$\{[^,}]*(.*)\}$/s.exec(variable) ?? [];
  return `${variableKey(variable)}${fallback}`;
}
