import { asciiLowerCase } from "../policy/policy-json.ts";
import { type Extent, PatternCompiler, type PatternSet, type WordSet } from "./compare/pattern-compiler.ts";
import { findWordIn, type Word, type WordQuery } from "./words/find-word.ts";
import { globOf } from "./words/glob.ts";
import { GlobSet } from "./words/glob-set.ts";
import { COLON_READINGS, type ColonReading, isReadAlike } from "./words/resource-tokens.ts";
import { StepBudget, StepBudgetExceeded } from "./words/step-budget.ts";
import { isVariableCode, wildcardTokens } from "./words/token.ts";
import { ACTION_WORDS, RESOURCE_WORDS } from "./words/word-kind.ts";

export type { PatternSet } from "./compare/pattern-compiler.ts";

/** What patterns match: actions, or resources with policy variables. */
export type PatternKind = "actions" | "resources";

/** The answer to "is there such a word?". `undecided`: not within the step budget; it counts as yes. */
export type PatternExample =
  | { readonly found: "none" }
  | { readonly found: "word"; readonly word: string }
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
  return byEveryReading([set.patterns, allowed], kind, options, (compiler) => {
    const [inner, outer] = [compile(compiler, set, kind, "own"), listed(compiler, allowed, kind, "atLeast")];
    return inner.isNegated
      ? { include: [], exclude: [inner.globs, outer.globs] }
      : { include: [inner.globs], exclude: [outer.globs] };
  });
}

/** A word of the set that one of the denied patterns matches. `none` is a proof, by every reading of wildcards. */
export function sharedWithPatterns(
  set: PatternSet,
  denied: readonly string[],
  kind: PatternKind,
  options: CheckOptions,
): PatternExample {
  return byEveryReading([set.patterns, denied], kind, options, (compiler) => {
    const [one, other] = [compile(compiler, set, kind, "own"), listed(compiler, denied, kind, "atMost")];
    return one.isNegated
      ? { include: [other.globs], exclude: [one.globs] }
      : { include: [one.globs, other.globs], exclude: [] };
  });
}

/** True when the pattern, with `*` and `?`, matches the text. */
export function matchesWildcards(pattern: string, text: string, options: { readonly foldsCase: boolean }): boolean {
  const [one, other] = options.foldsCase ? [asciiLowerCase(pattern), asciiLowerCase(text)] : [pattern, text];
  return new GlobSet([globOf(wildcardTokens(one))]).matches(codesOf(other), UNBOUNDED);
}

/** Matching one text takes at most as many steps as the text and the pattern are long. */
const UNBOUNDED = new StepBudget(Number.POSITIVE_INFINITY);

function byEveryReading(
  lists: readonly (readonly string[])[],
  kind: PatternKind,
  { budget, prefer = [] }: CheckOptions,
  queryOf: (compiler: PatternCompiler) => WordQuery,
): PatternExample {
  try {
    for (const colons of readingsOf(lists, kind)) {
      const compiler = new PatternCompiler(colons, budget);
      const query = queryOf(compiler);
      const word = findWordIn(query, kind === "actions" ? ACTION_WORDS : RESOURCE_WORDS, budget);
      if (word === undefined) continue;
      const preferred = prefer.find((known) => isAnswer(codesOf(compared(known, kind)), query, budget));
      return { found: "word", word: preferred ?? textOf(word, compiler.variables) };
    }
    return { found: "none" };
  } catch (error) {
    if (error instanceof StepBudgetExceeded) return { found: "undecided" };
    throw error;
  }
}

/** One reading is enough when all of them agree on the patterns. */
function readingsOf(lists: readonly (readonly string[])[], kind: PatternKind): readonly ColonReading[] {
  const isAlike = kind === "actions" || lists.every((patterns) => patterns.every(isReadAlike));
  return isAlike ? COLON_READINGS.slice(-1) : COLON_READINGS;
}

function compile(compiler: PatternCompiler, set: PatternSet, kind: PatternKind, extent: Extent): WordSet {
  return kind === "actions" ? compiler.actions(set) : compiler.resources(set, true, extent);
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

function codesOf(text: string): Word {
  return Array.from({ length: text.length }, (_, index) => text.charCodeAt(index));
}

/** Variables are written as in a policy. */
function textOf(word: Word, variables: readonly string[]): string {
  const characters = word.map((code) =>
    isVariableCode(code) ? `\${${variables[code & 0xffff] ?? ""}}` : String.fromCharCode(code),
  );
  return characters.join("");
}
