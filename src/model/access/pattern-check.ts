import { asciiLowerCase } from "../policy/policy-json.ts";
import { hasVariable } from "../policy/resource-pattern.ts";
import {
  actionWords,
  type Extent,
  PatternCompiler,
  type PatternSet,
  spendOnReading,
  type WordSet,
} from "./compare/pattern-compiler.ts";
import { findWordIn, WordFinder, type WordQuery } from "./words/find-word.ts";
import { globOf } from "./words/glob.ts";
import { GlobSet } from "./words/glob-set.ts";
import { StepBudget, StepBudgetExceeded } from "./words/step-budget.ts";
import {
  COLON_READINGS,
  type ColonReading,
  isReadAlike,
  isVariableCode,
  literalTokens,
  wildcardTokens,
} from "./words/tokens.ts";
import { ACTION_WORDS, RESOURCE_WORDS } from "./words/word-kind.ts";
import type { Word } from "./words/word-search.ts";

export type { PatternSet } from "./compare/pattern-compiler.ts";

/** What patterns match: actions, or resources with policy variables. */
export type PatternKind = "actions" | "resources";

/** The answer to "is there such a word?". `undecided`: not within the step budget; it counts as yes. */
export type PatternExample =
  | { readonly found: "none" }
  /** `pattern`: the pattern of the set that matches the word; undefined when the set is negated. */
  | { readonly found: "word"; readonly word: string; readonly pattern: string | undefined }
  | { readonly found: "undecided" };

/** How to look for an example. */
export interface CheckOptions {
  /** Shared by all questions that are decided together. */
  readonly budget: StepBudget;
  /** Well-known words: the first one that is an example is preferred to a word that was made up. */
  readonly prefer?: readonly string[];
}

/** A word of the set that none of the allowed patterns matches. `none` is a proof, by every reading of wildcards. */
export function outsidePatterns(
  set: PatternSet,
  allowed: readonly string[],
  kind: PatternKind,
  options: CheckOptions,
): PatternExample {
  return decide(() => {
    const open = kind === "resources" && !set.isNegated ? notWithinOne(set, allowed, options.budget) : set;
    const outside = (extent: Extent): PatternExample =>
      byEveryReading(open, allowed, kind, options, (compiler) => {
        const [inner, outer] = [compile(compiler, open, kind, extent), listed(compiler, allowed, kind, "atLeast")];
        return inner.isNegated
          ? { include: [], exclude: [inner.globs, outer.globs] }
          : { include: [inner.globs], exclude: [outer.globs] };
      });
    const own = outside("own");
    // A variable is within the same variable, or within what contains every text. Either is a proof, and the second one has plain words.
    return own.found === "word" && open.patterns.some(hasVariable) ? outside("atMost") : own;
  });
}

/**
 * The patterns that no single allowed one contains, wildcard by wildcard, by the strictest reading. What one contains so, it contains by
 * every reading.
 */
function notWithinOne(set: PatternSet, allowed: readonly string[], budget: StepBudget): PatternSet {
  const compiler = new PatternCompiler(COLON_READINGS.at(-1) ?? "no wildcard");
  const outer = listed(compiler, allowed, "resources", "atLeast").globs;
  const finder = new WordFinder(RESOURCE_WORDS, budget);
  const isOpen = (pattern: string): boolean =>
    listed(compiler, [pattern], "resources", "own").globs.globs.some((glob) => !finder.isWithinOne(glob, outer));
  return { ...set, patterns: set.patterns.filter(isOpen) };
}

/** A word of the set that one of the denied patterns matches. `none` is a proof, by every reading of wildcards. */
export function sharedWithPatterns(
  set: PatternSet,
  denied: readonly string[],
  kind: PatternKind,
  options: CheckOptions,
): PatternExample {
  return decide(() =>
    byEveryReading(set, denied, kind, options, (compiler) => {
      const [one, other] = [compile(compiler, set, kind, "atMost"), listed(compiler, denied, kind, "atMost")];
      return one.isNegated
        ? { include: [other.globs], exclude: [one.globs] }
        : { include: [one.globs, other.globs], exclude: [] };
    }),
  );
}

/** True when the pattern, with `*` and `?`, matches the text. */
export function matchesWildcards(pattern: string, text: string, options: { readonly foldsCase: boolean }): boolean {
  const [one, other] = options.foldsCase ? [asciiLowerCase(pattern), asciiLowerCase(text)] : [pattern, text];
  return new GlobSet([globOf(wildcardTokens(one))]).matches(literalTokens(other), UNBOUNDED);
}

/** Matching one text takes at most as many steps as the text and the pattern are long. */
const UNBOUNDED = new StepBudget(Number.POSITIVE_INFINITY);

function decide(question: () => PatternExample): PatternExample {
  try {
    return question();
  } catch (error) {
    if (error instanceof StepBudgetExceeded) return { found: "undecided" };
    throw error;
  }
}

function byEveryReading(
  set: PatternSet,
  others: readonly string[],
  kind: PatternKind,
  { budget, prefer = [] }: CheckOptions,
  queryOf: (compiler: PatternCompiler) => WordQuery,
): PatternExample {
  spendOnReading(set.patterns, budget);
  for (const colons of readingsOf([set.patterns, others], kind)) {
    const compiler = new PatternCompiler(colons);
    const query = queryOf(compiler);
    const word = findWordIn(query, kind === "actions" ? ACTION_WORDS : RESOURCE_WORDS, budget);
    if (word === undefined) continue;
    const preferred = prefer.find((known) => isAnswer(literalTokens(compared(known, kind)), query, budget));
    const codes = preferred === undefined ? word : literalTokens(compared(preferred, kind));
    const matchesWord = (pattern: string): boolean =>
      listed(compiler, [pattern], kind, "atMost").globs.matches(codes, budget);
    const pattern = set.isNegated ? undefined : set.patterns.find(matchesWord);
    return {
      found: "word",
      word: preferred ?? String.fromCharCode(...word.filter((code) => !isVariableCode(code))),
      pattern,
    };
  }
  return { found: "none" };
}

/** One reading is enough when all of them agree on the patterns. */
function readingsOf(lists: readonly (readonly string[])[], kind: PatternKind): readonly ColonReading[] {
  const isAlike = kind === "actions" || lists.every((patterns) => patterns.every(isReadAlike));
  return isAlike ? COLON_READINGS.slice(-1) : COLON_READINGS;
}

function compile(compiler: PatternCompiler, set: PatternSet, kind: PatternKind, extent: Extent): WordSet {
  return kind === "actions" ? actionWords(set) : compiler.resources(set, true, extent);
}

function listed(compiler: PatternCompiler, patterns: readonly string[], kind: PatternKind, extent: Extent): WordSet {
  return compile(compiler, { patterns, isNegated: false }, kind, extent);
}

function isAnswer(word: Word, { include, exclude }: WordQuery, budget: StepBudget): boolean {
  return include.every((globs) => globs.matches(word, budget)) && !exclude.some((globs) => globs.matches(word, budget));
}

function compared(word: string, kind: PatternKind): string {
  return kind === "actions" ? asciiLowerCase(word) : word;
}
