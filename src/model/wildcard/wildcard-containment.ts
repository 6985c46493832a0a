import { asciiLowerCase } from "../policy/policy-json.ts";
import { StepBudget, TooManySteps } from "./wildcard-budget.ts";
import { Cover, type Places } from "./wildcard-cover.ts";
import {
  certainGlobsOf,
  endsMeet,
  type Glob,
  type GlobReading,
  globsOf,
  matchesAny,
  mayMeet,
  STAYS,
} from "./wildcard-glob.ts";
import { Patterns } from "./wildcard-patterns.ts";
import { type Search, wordInside, wordOutside } from "./wildcard-search.ts";
import type { WordKind } from "./wildcard-tokens.ts";

/** What a statement is about: the words that a pattern matches, or, `negated`, all words of the kind but those. */
export interface WordSet {
  readonly patterns: readonly string[];
  readonly negated: boolean;
}

/** The answer to "is there such a word?". `undecided`: not within the steps that one question may take; count it as yes. */
export type Example =
  | { readonly found: "none" }
  | { readonly found: "word"; readonly word: string }
  | { readonly found: "undecided" };

/**
 * Steps that one question may take, some ms. Whether patterns together take in another one is as hard as any question that has an
 * answer to be guessed and checked (coNP), so there must be a bound. Patterns of people need tens to hundreds; what uses it up asks
 * for every letter of the alphabet behind a `*`, each with many `?` behind it.
 */
export const MAX_STEPS = 60_000;

/** How to look for an example. */
export interface Wanted {
  /** Well-known words, as one spells them: the first one that will do is the example, before any that was made up. */
  readonly prefer?: readonly string[];
  /** Shared by all questions that have to be answered together; by default each has a whole one. */
  readonly budget?: StepBudget;
}

/**
 * Is every word of `words` matched by one of the patterns in `allowed`? The example is a word that is not: a preferred one, else a
 * shortest. Exact: `none` is a proof, by every reading of the kind.
 */
export function within(words: WordSet, allowed: readonly string[], kind: WordKind, wanted: Wanted = {}): Example {
  const readings = readingsOf(kind, [words.patterns, allowed]);
  const asked = { prefer: [], budget: new StepBudget(MAX_STEPS), ...wanted, reads: words.patterns };
  // All but some are within what is allowed when those and the allowed together are everything.
  if (words.negated) {
    const question: Question = { some: EVERYTHING, butNot: [...words.patterns, ...allowed] };
    return byEvery(readings, asked, (reading) => outside(question, reading));
  }
  const open = readings.length === 1 ? words.patterns : notWithinOne(words.patterns, allowed, readings, asked.budget);
  if (open === undefined) return { found: "undecided" };
  return byEvery(readings, asked, (reading) => outside({ some: open, butNot: allowed }, reading));
}

/** Does any word of `words` match one of the patterns in `denied`? The example is a word of both. Exact, as {@link within}. */
export function overlaps(words: WordSet, denied: readonly string[], kind: WordKind, wanted: Wanted = {}): Example {
  const asked = { prefer: [], budget: new StepBudget(MAX_STEPS), ...wanted, reads: words.patterns };
  return byEvery(readingsOf(kind, [words.patterns, denied]), asked, (reading) =>
    words.negated
      ? outside({ some: denied, butNot: words.patterns }, reading)
      : both(new Patterns(globsOf(words.patterns, reading)), new Patterns(globsOf(denied, reading)), reading),
  );
}

/** The readings by which these patterns could differ: the widest first, the strictest last. */
function readingsOf(kind: WordKind, lists: readonly (readonly string[])[]): readonly [WordKind, ...WordKind[]] {
  const { readings: [widest, ...others] = [kind], isReadAlike = () => false } = kind;
  return lists.every((patterns) => patterns.every((pattern) => isReadAlike(pattern))) ? [widest] : [widest, ...others];
}

/**
 * The patterns that no single allowed one takes in, wildcard for wildcard, by the strictest reading. What one takes in so, it takes in
 * by every reading: each wildcard lies behind one that matches as much. Undefined when the steps are used up.
 */
function notWithinOne(
  patterns: readonly string[],
  allowed: readonly string[],
  readings: readonly [WordKind, ...WordKind[]],
  budget: StepBudget,
): readonly string[] | undefined {
  const strictest = readings.at(-1) ?? readings[0];
  try {
    spendOnReading(patterns, budget);
    const { globs, cover } = compiled(allowed, strictest);
    return patterns.filter((pattern) =>
      globsOf([pattern], strictest).some((glob) => {
        budget.spend(globs.length);
        const start = cover.start((index) => endsMeet(glob, globs[index] as Glob));
        return !isWithinOne(glob, cover, start, budget);
      }),
    );
  } catch (error) {
    if (!(error instanceof TooManySteps)) throw error;
    return undefined;
  }
}

/** `none` when every reading says so, else what the first one says that does not. */
function byEvery(readings: readonly WordKind[], asked: Asked, fieldOf: (reading: WordKind) => Field): Example {
  for (const reading of readings) {
    const example = answer(() => fieldOf(reading), reading, asked);
    if (example.found !== "none") return example;
  }
  return { found: "none" };
}

/** True when the pattern matches the word, by the widest reading of the kind. */
export function matchesWildcards(pattern: string, word: string, kind: GlobReading): boolean {
  return matchesAny(globsOf([pattern], kind), compared(word, kind));
}

const EVERYTHING = ["*"] as const;

/** Where to look for a word. */
interface Field {
  /** Calls `found` with a word that will do, and then with shorter ones only. */
  seek(budget: StepBudget, found: (word: string) => void): void;
  /** True for a word that will do, as it is compared. */
  holds(word: string, budget: StepBudget): boolean;
}

interface Asked extends Required<Wanted> {
  /** The patterns that have to be read first; those of the other side are read once for many questions. */
  readonly reads: readonly string[];
}

/** Characters of a pattern that are read in one step. */
const READ_PER_STEP = 16;

function spendOnReading(patterns: readonly string[], budget: StepBudget): void {
  budget.spend(patterns.reduce((sum, { length }) => sum + Math.ceil(length / READ_PER_STEP), 0));
}

function answer(fieldOf: () => Field, kind: WordKind, { prefer, budget, reads }: Asked): Example {
  let word: string | undefined;
  try {
    spendOnReading(reads, budget);
    const field = fieldOf();
    field.seek(budget, (found) => {
      word = found;
    });
    if (word === undefined) return { found: "none" };
    word = prefer.find((known) => field.holds(compared(known, kind), budget)) ?? word;
  } catch (error) {
    if (!(error instanceof TooManySteps)) throw error;
  }
  return word === undefined ? { found: "undecided" } : { found: "word", word };
}

/** A word that one of `some` matches, and none of `butNot`: of these only what is certain counts. */
interface Question {
  readonly some: readonly string[];
  readonly butNot: readonly string[];
}

function outside({ some: patterns, butNot }: Question, kind: WordKind): Field {
  const some = new Patterns(globsOf(patterns, withoutHalves(kind)));
  const others = compiled(butNot, kind);
  return {
    seek(budget, found) {
      const name = some.words(kind).find((word) => !others.matches(word, budget));
      const shorterThan = sought(name, found);
      if (some.wildcards.length > 0) seekOutside(some.wildcards, others, { kind, budget, shorterThan }, found);
    },
    holds(word, budget) {
      return some.matches(word, budget) && !others.matches(word, budget);
    },
  };
}

function seekOutside(
  wildcards: readonly Glob[],
  { globs, cover }: Patterns,
  search: Search,
  found: (word: string) => void,
): void {
  const { budget } = search;
  let { shorterThan } = search;
  for (const glob of shortestFirst(wildcards, budget)) {
    if (glob.codes.length >= shorterThan) return;
    budget.spend(globs.length);
    const start = cover.start((index) => endsMeet(glob, globs[index] as Glob));
    if (isWithinOne(glob, cover, start, budget)) continue;
    const word = wordOutside(glob, cover, start, { ...search, shorterThan });
    if (word === undefined) continue;
    shorterThan = word.length;
    found(word);
  }
}

/** Tells of a name that will do, if there is one. Returns the length that other words have to stay below. */
function sought(name: string | undefined, found: (word: string) => void): number {
  if (name === undefined) return Number.POSITIVE_INFINITY;
  found(name);
  return name.length;
}

/** True when one glob alone matches all that this one does; false says nothing. Wildcards are read as if they were characters. */
function isWithinOne({ codes, stays }: Glob, cover: Cover, start: Places, budget: StepBudget): boolean {
  let places = start;
  for (let place = 0; places.blocks.length > 0; place += 1) {
    if (stays[place] !== STAYS.nothing) places = cover.stay(places, stays[place] === STAYS.textWithoutColon);
    if (cover.acceptsAll(places)) return true;
    const code = codes[place];
    if (code === undefined) return cover.accepts(places);
    places = cover.step(places, code, budget);
  }
  return false;
}

/** A word that one of each matches. */
function both(some: Patterns, others: Patterns, kind: WordKind): Field {
  return {
    seek(budget, found) {
      const names = [
        some.words(kind).find((word) => others.matches(word, budget)),
        others.words(kind).find((word) => some.matches(word, budget)),
      ].filter((name) => name !== undefined);
      let shorterThan = sought(names.sort((a, b) => a.length - b.length)[0], found);
      for (const [glob, other] of pairs(shortestFirst(some.wildcards, budget), others.wildcards, budget)) {
        if (Math.max(glob.codes.length, other.codes.length) >= shorterThan || !mayMeet(glob, other, budget)) continue;
        const word = wordInside(glob, new Cover([other]), { kind, budget, shorterThan });
        if (word === undefined) continue;
        shorterThan = word.length;
        found(word);
      }
    },
    holds(word, budget) {
      return some.matches(word, budget) && others.matches(word, budget);
    },
  };
}

function* pairs<T>(some: readonly T[], others: readonly T[], budget: StepBudget): Generator<readonly [T, T]> {
  for (const one of some) {
    budget.spend(others.length);
    for (const other of others) yield [one, other];
  }
}

function shortestFirst(globs: readonly Glob[], budget: StepBudget): readonly Glob[] {
  budget.spend(globs.reduce((sum, { codes }) => sum + 1 + (codes.length >> 1), 0));
  return globs.toSorted((a, b) => a.codes.length - b.codes.length);
}

function compared(word: string, { foldsCase }: GlobReading): string {
  return foldsCase ? asciiLowerCase(word) : word;
}

/** What is before and behind a separator helps only to find what two patterns share. */
function withoutHalves({ separator: _, ...reading }: WordKind): GlobReading {
  return reading;
}

/** The lists of a class are asked about again and again, by every statement of every object. */
const COMPILED = new WeakMap<readonly string[], Map<WordKind, Patterns>>();

function compiled(patterns: readonly string[], kind: WordKind): Patterns {
  const byKind = COMPILED.get(patterns) ?? new Map<WordKind, Patterns>();
  COMPILED.set(patterns, byKind);
  const known = byKind.get(kind);
  if (known !== undefined) return known;
  const fresh = new Patterns(certainGlobsOf(patterns, withoutHalves(kind)));
  byKind.set(kind, fresh);
  return fresh;
}
