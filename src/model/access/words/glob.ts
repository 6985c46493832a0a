/**
 * A token of a pattern: a UTF-16 code unit, one of {@link TOKEN}, a letter in either case ({@link anyCase}), or a policy variable
 * ({@link variableCode}).
 */
export type Token = number;

/** The wildcards. */
export const TOKEN = {
  /** `?` */
  anyCharacter: -1,
  /** A `?` that does not match a colon. */
  anyButColon: -3,
  /** `*` */
  anyText: -4,
  /** A `*` that does not match a colon. */
  textWithoutColon: -5,
} as const;

/** The code unit of `:`. */
export const COLON = 58;

const VARIABLES = 0x1_0000;
const COLONLESS_VARIABLES = 0x2_0000;
const ANY_CASE = 0x4_0000;

/**
 * A policy variable as one character that is unlike any other. What is proved for it holds for every value that it can have, as long as
 * only the same variable and `*` match it. `isColonless`: its values have no colon.
 */
export function variableCode(index: number, isColonless: boolean): Token {
  return (isColonless ? COLONLESS_VARIABLES : VARIABLES) + index;
}

/** True for the code of a policy variable. */
export function isVariableCode(code: number): boolean {
  return code >= VARIABLES && code < ANY_CASE;
}

/** False for a character that is no colon and for a variable that has none. */
export function isMaybeColon(code: number): boolean {
  return code === COLON || (code >= VARIABLES && code < COLONLESS_VARIABLES);
}

const UPPER_A = 65;
const UPPER_Z = 90;
const TO_LOWER = 32;

/** The token of a letter A to Z that matches in either case; other code units are themselves. */
function anyCase(code: number): Token {
  const lower = code >= UPPER_A && code <= UPPER_Z ? code + TO_LOWER : code;
  const isLetter = lower >= UPPER_A + TO_LOWER && lower <= UPPER_Z + TO_LOWER;
  return isLetter ? ANY_CASE + lower : code;
}

/** Both cases, lower first, of a token by {@link anyCase}; undefined for other tokens. */
export function foldCode(token: Token): readonly [number, number] | undefined {
  if (token < ANY_CASE) return undefined;
  return [token - ANY_CASE, token - ANY_CASE - TO_LOWER];
}

const STAR = 42;
const QUESTION_MARK = 63;

/** The tokens of a text in which `*` and `?` are the only wildcards. */
export function wildcardTokens(text: string): readonly Token[] {
  return Array.from({ length: text.length }, (_, index) => {
    const code = text.charCodeAt(index);
    if (code === STAR) return TOKEN.anyText;
    return code === QUESTION_MARK ? TOKEN.anyCharacter : code;
  });
}

/** The tokens of a text without wildcards. */
export function literalTokens(text: string): readonly Token[] {
  return Array.from({ length: text.length }, (_, index) => text.charCodeAt(index));
}

/** The same tokens, with letters that match in either case. */
export function inAnyCase(tokens: readonly Token[]): readonly Token[] {
  return tokens.map((token) => (token >= 0 && token < VARIABLES ? anyCase(token) : token));
}

/** What a position of a glob accepts any number of. */
export const REPEATS = { nothing: 0, textWithoutColon: 1, anyText: 2 } as const;

/**
 * A pattern with wildcards. Its positions are numbered from 0, before the first character, to `codes.length`, after the last.
 * Characters are UTF-16 code units.
 */
export interface Glob {
  /** The token between a position and the next: never a star. */
  readonly codes: Int32Array;
  /** One of {@link REPEATS} for each position: what a star at this position accepts. */
  readonly repeats: Uint8Array;
  /** True when a wildcard of the glob does not accept a colon. */
  readonly mindsColons: boolean;
  /** The first and the last position with a star; both -1 when there is none. */
  readonly firstStar: number;
  readonly lastStar: number;
  /** The text of the one word that the glob matches; undefined when it has a wildcard, or a letter that matches in either case. */
  readonly name: string | undefined;
}

/** The glob of a list of tokens. */
export function globOf(tokens: readonly Token[]): Glob {
  const length = tokens.reduce((count, token) => (isStar(token) ? count : count + 1), 0);
  const codes = new Int32Array(length);
  const repeats = new Uint8Array(length + 1);
  let position = 0;
  for (const token of tokens) {
    if (isStar(token)) {
      repeats[position] = Math.max(repeats[position] ?? 0, repeatsOf(token));
      continue;
    }
    codes[position] = token;
    position += 1;
    // A run of wildcards means the same in any order. Its star moves behind its question marks.
    if (isSameWildcard(token, repeats[position - 1])) {
      repeats[position] = repeats[position - 1] ?? 0;
      repeats[position - 1] = REPEATS.nothing;
    }
  }
  const mindsColons = repeats.includes(REPEATS.textWithoutColon) || codes.includes(TOKEN.anyButColon);
  const [firstStar, lastStar] = [firstStarIn(repeats), lastStarIn(repeats)];
  const isName = firstStar < 0 && codes.every((code) => code >= 0 && foldCode(code) === undefined);
  const name = isName ? nameOf(codes) : undefined;
  return { codes, repeats, mindsColons, firstStar, lastStar, name };
}

function nameOf(codes: Int32Array): string {
  let name = "";
  for (const code of codes) name += String.fromCodePoint(code);
  return name;
}

function isStar(token: Token): boolean {
  return token === TOKEN.anyText || token === TOKEN.textWithoutColon;
}

function repeatsOf(star: Token): number {
  return star === TOKEN.anyText ? REPEATS.anyText : REPEATS.textWithoutColon;
}

/** True for a `?` and a `*` that accept the same characters. */
function isSameWildcard(token: Token, repeats: number | undefined): boolean {
  return (
    (token === TOKEN.anyCharacter && repeats === REPEATS.anyText) ||
    (token === TOKEN.anyButColon && repeats === REPEATS.textWithoutColon)
  );
}

function firstStarIn(repeats: Uint8Array): number {
  return repeats.findIndex((repeat) => repeat !== REPEATS.nothing);
}

function lastStarIn(repeats: Uint8Array): number {
  return repeats.findLastIndex((repeat) => repeat !== REPEATS.nothing);
}

/** True for `*`. */
export function matchesEverything({ codes, repeats }: Glob): boolean {
  return codes.length === 0 && repeats[0] === REPEATS.anyText;
}

/** True when a star at a position accepts the character. */
export function repeatAccepts(repeats: number | undefined, code: number): boolean {
  return repeats === REPEATS.anyText || (repeats === REPEATS.textWithoutColon && !isMaybeColon(code));
}

/** False only when no word matches both, as the characters before their first and after their last stars show. */
export function endsMayMeet(one: Glob, other: Glob): boolean {
  const prefix = Math.min(prefixLength(one), prefixLength(other));
  for (let index = 0; index < prefix; index += 1) {
    if (!mayAgree(one.codes[index], other.codes[index])) return false;
  }
  const suffix = Math.min(suffixLength(one), suffixLength(other));
  for (let back = 1; back <= suffix; back += 1) {
    if (!mayAgree(one.codes[one.codes.length - back], other.codes[other.codes.length - back])) return false;
  }
  return isLongEnough(one, other) && isLongEnough(other, one);
}

function prefixLength({ firstStar, codes }: Glob): number {
  return firstStar < 0 ? codes.length : firstStar;
}

function suffixLength({ lastStar, codes }: Glob): number {
  return lastStar < 0 ? codes.length : codes.length - lastStar;
}

function isLongEnough(one: Glob, { firstStar, codes }: Glob): boolean {
  return firstStar >= 0 || one.codes.length <= codes.length;
}

/** False only when no character matches both tokens. */
function mayAgree(one: Token = TOKEN.anyCharacter, other: Token = TOKEN.anyCharacter): boolean {
  if (one === TOKEN.anyButColon) return other !== COLON;
  if (other === TOKEN.anyButColon) return one !== COLON;
  if (one < 0 || other < 0 || one === other) return true;
  const [folded, otherFolded] = [foldCode(one), foldCode(other)];
  if (folded === undefined) return otherFolded?.includes(one) ?? false;
  return otherFolded === undefined ? folded.includes(other) : folded[0] === otherFolded[0];
}
