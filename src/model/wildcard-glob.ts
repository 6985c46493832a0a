import { asciiLowerCase } from "./policy-json.ts";
import type { StepBudget } from "./wildcard-budget.ts";

/** Stands for `?` among the codes of a glob. */
export const ANY_CHARACTER = -1;

/**
 * A pattern with `*` (any text) and `?` (any character). Its places are numbered from 0, before the first character, to
 * `codes.length`, after the last. Characters are UTF-16 code units.
 */
export interface Glob {
  /** What is asked for from one place to the next: a code unit, or {@link ANY_CHARACTER}. */
  readonly codes: Int32Array;
  /** 1 for each place with a `*`: a word may stay there as long as it likes. */
  readonly stays: Uint8Array;
  /** The first and the last place with a `*`; both -1 where there is none. */
  readonly firstStar: number;
  readonly lastStar: number;
  /** Where the pattern has the separator of its kind once: what is before and behind it. */
  readonly halves: readonly [Glob, Glob] | undefined;
}

/** How patterns of a kind of words are read. */
export interface GlobReading {
  /** A to Z match in either case, and words are to be given in lower case. */
  readonly foldsCase: boolean;
  /** A character that every word of the kind has exactly once. */
  readonly separator?: string;
}

/** Each pattern once, as a glob. */
export function globsOf(patterns: readonly string[], reading: GlobReading): readonly Glob[] {
  const compared = reading.foldsCase ? patterns.map(asciiLowerCase) : patterns;
  return [...new Set(compared)].map((pattern) => globOf(pattern, reading.separator));
}

function globOf(pattern: string, separator: string | undefined): Glob {
  const length = pattern.replaceAll("*", "").length;
  const codes = new Int32Array(length);
  const stays = new Uint8Array(length + 1);
  let place = 0;
  for (let index = 0; index < pattern.length; index += 1) {
    const character = pattern[index];
    if (character === "*") {
      stays[place] = 1;
      continue;
    }
    const isAny = character === "?";
    codes[place] = isAny ? ANY_CHARACTER : pattern.charCodeAt(index);
    place += 1;
    // A run of wildcards means the same in any order: its star stands behind its question marks.
    if (isAny && stays[place - 1] === 1) {
      stays[place - 1] = 0;
      stays[place] = 1;
    }
  }
  const firstStar = stays.indexOf(1);
  return { codes, stays, firstStar, lastStar: stays.lastIndexOf(1), halves: halvesOf(pattern, separator) };
}

function halvesOf(pattern: string, separator: string | undefined): Glob["halves"] {
  const [before, behind, ...more] = separator === undefined ? [] : pattern.split(separator);
  if (before === undefined || behind === undefined || more.length > 0) return undefined;
  return [globOf(before, undefined), globOf(behind, undefined)];
}

/** True when one of the globs matches the word. */
export function matchesAny(globs: readonly Glob[], word: string): boolean {
  const codes = new Int32Array(word.length);
  for (let index = 0; index < word.length; index += 1) codes[index] = word.charCodeAt(index);
  return globs.some((glob) => glob.codes.length <= codes.length && matchesCodes(glob, codes));
}

/**
 * False only when no word matches both, and true only when one does, but for rules of the kind beyond its separator.
 *
 * Errors: TooManySteps.
 */
export function mayMeet(one: Glob, other: Glob, budget: StepBudget): boolean {
  if (one.halves === undefined || other.halves === undefined) return meet(one, other, budget);
  return meet(one.halves[0], other.halves[0], budget) && meet(one.halves[1], other.halves[1], budget);
}

function meet(one: Glob, other: Glob, budget: StepBudget): boolean {
  if (!endsMeet(one, other)) return false;
  // What stands between the stars of either the star of the other takes in: only the ends could be at odds.
  if (one.firstStar >= 0 && other.firstStar >= 0) return true;
  return one.firstStar < 0 ? matchesCodes(other, one.codes, budget) : matchesCodes(one, other.codes, budget);
}

/** False only when no word matches both, as what stands before and behind their stars shows. */
export function endsMeet(one: Glob, other: Glob): boolean {
  const begins = Math.min(lengthBefore(one), lengthBefore(other));
  for (let index = 0; index < begins; index += 1) {
    if (!agree(one.codes[index], other.codes[index])) return false;
  }
  const ends = Math.min(lengthBehind(one), lengthBehind(other));
  for (let back = 1; back <= ends; back += 1) {
    if (!agree(one.codes[one.codes.length - back], other.codes[other.codes.length - back])) return false;
  }
  return fits(one, other) && fits(other, one);
}

function lengthBefore({ firstStar, codes }: Glob): number {
  return firstStar < 0 ? codes.length : firstStar;
}

function lengthBehind({ lastStar, codes }: Glob): number {
  return lastStar < 0 ? codes.length : codes.length - lastStar;
}

function fits(one: Glob, { firstStar, codes }: Glob): boolean {
  return firstStar >= 0 || one.codes.length <= codes.length;
}

function agree(one: number | undefined, other: number | undefined): boolean {
  return one === other || one === ANY_CHARACTER || other === ANY_CHARACTER;
}

/** Each star takes as little as will do: what it leaves to those behind it they could not do without. */
function matchesCodes({ codes, stays }: Glob, word: Int32Array, budget?: StepBudget): boolean {
  let at = 0;
  let place = 0;
  let star = -1;
  let taken = 0;
  while (at < word.length) {
    if (stays[place] === 1 && star !== place) {
      star = place;
      taken = at;
    }
    if (place < codes.length && agree(codes[place], word[at])) {
      place += 1;
      at += 1;
    } else {
      budget?.spend(1);
      if (star < 0 || word.length - taken < codes.length - star) return false;
      taken += 1;
      at = taken;
      place = star;
    }
  }
  return place === codes.length;
}
