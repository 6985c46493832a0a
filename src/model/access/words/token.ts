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
