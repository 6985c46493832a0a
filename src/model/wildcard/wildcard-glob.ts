import { asciiLowerCase } from "../policy/policy-json.ts";
import type { StepBudget } from "./wildcard-budget.ts";

/** A code unit, or one of the wildcards below. */
export type Token = number;
/** `?` */
export const ANY_CHARACTER = -1;
/** A `?` that matches no colon. */
export const ANY_BUT_COLON = -3;
/** `*` */
export const ANY_TEXT = -4;
/** A `*` that matches no colon. */
export const TEXT_WITHOUT_COLON = -5;

/** The code unit of `:`. */
export const COLON = 58;

/** What a place of a glob lets through. */
export const STAYS = { nothing: 0, textWithoutColon: 1, anyText: 2 } as const;

/**
 * A pattern with `*` (any text) and `?` (any character). Its places are numbered from 0, before the first character, to
 * `codes.length`, after the last. Characters are UTF-16 code units.
 */
export interface Glob {
  /** What is asked for from one place to the next: a code unit, {@link ANY_CHARACTER} or {@link ANY_BUT_COLON}. */
  readonly codes: Int32Array;
  /** For each place one of {@link STAYS}: whether a word may stay there, as with a `*`, and for what text. */
  readonly stays: Uint8Array;
  /** True when a wildcard of it matches no colon. */
  readonly mindsColons: boolean;
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
  /** How a pattern is taken apart; by default `*` and `?` are wildcards, and all else is itself. */
  tokensOf?(pattern: string): readonly Token[];
  /** False for a pattern of which only AWS knows what it matches: {@link tokensOf} has the most that it could. By default none is. */
  isCertain?(pattern: string): boolean;
}

/** Each pattern once, as a glob. */
export function globsOf(patterns: readonly string[], reading: GlobReading): readonly Glob[] {
  const { foldsCase, separator, tokensOf = charactersOf } = reading;
  const compared = foldsCase ? patterns.map(asciiLowerCase) : patterns;
  return [...new Set(compared)].map((pattern) => ({
    ...globOf(tokensOf(pattern)),
    halves: halvesOf(pattern, separator),
  }));
}

/** The globs of those patterns alone of which is known what they match at least. */
export function certainGlobsOf(patterns: readonly string[], reading: GlobReading): readonly Glob[] {
  const { isCertain } = reading;
  return globsOf(isCertain === undefined ? patterns : patterns.filter((pattern) => isCertain(pattern)), reading);
}

/** The tokens of a text in which `*` and `?` are the only wildcards. */
export function charactersOf(text: string): readonly Token[] {
  const tokens = new Array<Token>(text.length);
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === STAR) tokens[index] = ANY_TEXT;
    else tokens[index] = code === QUESTION_MARK ? ANY_CHARACTER : code;
  }
  return tokens;
}

const STAR = "*".charCodeAt(0);
const QUESTION_MARK = "?".charCodeAt(0);

function globOf(tokens: readonly Token[]): Omit<Glob, "halves"> {
  const length = lengthOf(tokens);
  const codes = new Int32Array(length);
  const stays = new Uint8Array(length + 1);
  let place = 0;
  for (const token of tokens) {
    if (isStar(token)) {
      stays[place] = Math.max(stays[place] ?? 0, token === ANY_TEXT ? STAYS.anyText : STAYS.textWithoutColon);
      continue;
    }
    codes[place] = token;
    place += 1;
    // A run of wildcards means the same in any order: its star stands behind its question marks.
    if (isAlike(token, stays[place - 1])) {
      stays[place] = stays[place - 1] ?? 0;
      stays[place - 1] = STAYS.nothing;
    }
  }
  const mindsColons = stays.includes(STAYS.textWithoutColon) || codes.includes(ANY_BUT_COLON);
  return { codes, stays, ...starsIn(stays), mindsColons };
}

function lengthOf(tokens: readonly Token[]): number {
  let length = tokens.length;
  for (const token of tokens) if (isStar(token)) length -= 1;
  return length;
}

function starsIn(stays: Uint8Array): Pick<Glob, "firstStar" | "lastStar"> {
  let firstStar = -1;
  let lastStar = -1;
  for (let place = 0; place < stays.length; place += 1) {
    if (stays[place] === STAYS.nothing) continue;
    if (firstStar < 0) firstStar = place;
    lastStar = place;
  }
  return { firstStar, lastStar };
}

function isStar(token: Token): boolean {
  return token === ANY_TEXT || token === TEXT_WITHOUT_COLON;
}

/** True for a `?` and a `*` that match the same characters. */
function isAlike(token: Token, stays: number | undefined): boolean {
  return (
    (token === ANY_CHARACTER && stays === STAYS.anyText) ||
    (token === ANY_BUT_COLON && stays === STAYS.textWithoutColon)
  );
}

function halvesOf(pattern: string, separator: string | undefined): Glob["halves"] {
  const [before, behind, ...more] = separator === undefined ? [] : pattern.split(separator);
  if (before === undefined || behind === undefined || more.length > 0) return undefined;
  const half = (text: string): Glob => ({ ...globOf(charactersOf(text)), halves: undefined });
  return [half(before), half(behind)];
}

/**
 * True when one of the globs matches the word.
 *
 * Errors: TooManySteps, where there is a budget.
 */
export function matchesAny(globs: readonly Glob[], word: string, budget?: StepBudget): boolean {
  const codes = new Int32Array(word.length);
  for (let index = 0; index < word.length; index += 1) codes[index] = word.charCodeAt(index);
  return globs.some(
    (glob) =>
      glob.codes.length <= codes.length &&
      (glob.mindsColons ? matchesMindingColons(glob, codes, budget) : matchesCodes(glob, codes, budget)),
  );
}

/**
 * False only when no word matches both, and true only when one does, but for rules of the kind beyond its separator and for
 * wildcards that match no colon.
 *
 * Errors: TooManySteps.
 */
export function mayMeet(one: Glob, other: Glob, budget: StepBudget): boolean {
  if (one.halves === undefined || other.halves === undefined) return meet(one, other, budget);
  return meet(one.halves[0], other.halves[0], budget) && meet(one.halves[1], other.halves[1], budget);
}

function meet(one: Glob, other: Glob, budget: StepBudget): boolean {
  if (!endsMeet(one, other)) return false;
  if (one.mindsColons || other.mindsColons) return true;
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
  if (one === ANY_BUT_COLON) return other !== COLON;
  if (other === ANY_BUT_COLON) return one !== COLON;
  return one === other || one === ANY_CHARACTER || other === ANY_CHARACTER;
}

/** Each star takes as little as will do: what it leaves to those behind it they could not do without. */
function matchesCodes({ codes, stays }: Glob, word: Int32Array, budget?: StepBudget): boolean {
  let at = 0;
  let place = 0;
  let star = -1;
  let taken = 0;
  while (at < word.length) {
    if (stays[place] !== STAYS.nothing && star !== place) {
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

/** Follows all ways at once: an earlier star may have to take a colon that a later one cannot. */
function matchesMindingColons({ codes, stays }: Glob, word: Int32Array, budget?: StepBudget): boolean {
  let places: ReadonlySet<number> = new Set([0]);
  for (const code of word) {
    if (places.size === 0) return false;
    budget?.spend(places.size >> 2);
    const next = new Set<number>();
    for (const place of places) {
      if (letsStay(stays[place], code)) next.add(place);
      if (place < codes.length && agree(codes[place], code)) next.add(place + 1);
    }
    places = next;
  }
  return places.has(codes.length);
}

/** True when a word may stay at such a place for this character. */
export function letsStay(stays: number | undefined, code: number): boolean {
  return stays === STAYS.anyText || (stays === STAYS.textWithoutColon && code !== COLON);
}
