import {
  completedFields,
  hasVariable,
  type ResourcePiece,
  resourceParts,
  resourcePieces,
} from "../../policy/resource-pattern.ts";

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

/**
 * Which wildcards in the first five fields of an ARN match a colon. AWS documents that a `*` at the end of a field can match beyond the
 * colon, and advises to write wildcards within fields; examples of AWS rest on wildcards that do not. Decide by each reading, for both
 * sides; only what all of them say is certain.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
 */
export type ColonReading = "every wildcard" | "a * at the end of a field" | "no wildcard";

/** All readings: the widest first, the strictest last. */
export const COLON_READINGS: readonly ColonReading[] = ["every wildcard", "a * at the end of a field", "no wildcard"];

/** What a policy variable becomes: its text, such as `${aws:username}`, and whether its values have no colon. */
export type VariableTokens = (variable: string, isColonless: boolean) => readonly Token[];

/** The tokens of a pattern. */
export interface PatternTokens {
  readonly tokens: readonly Token[];
  /** False when AWS alone knows what the pattern matches; then the tokens match at least that. */
  readonly isCertain: boolean;
}

/** True when all readings agree on the pattern: it has no wildcard and no variable before its sixth field. */
export function isReadAlike(pattern: string): boolean {
  return !pattern.startsWith("arn:") || /^(?:[^:*?$]*:){5}/.test(pattern);
}

/**
 * The tokens of a resource pattern, completed as IAM completes it. Without `variables`, `${…}` is plain text, as in policy versions before
 * `2012-10-17`.
 */
export function resourceTokens(pattern: string, colons: ColonReading, variables?: VariableTokens): PatternTokens {
  const use = variables === undefined ? "plain" : "variables";
  const parts = resourceParts(pattern, use);
  if (parts === undefined) {
    if (variables !== undefined && hasVariable(pattern)) return { tokens: [TOKEN.anyText], isCertain: false };
    return { tokens: wildcardTokens(pattern), isCertain: true };
  }
  const fields = parts.isOpen ? parts.fields : (completedFields(pattern, use) ?? parts.fields);
  const head = fields.slice(0, LAST_FIELD).flatMap((field) => [...fieldTokens(field, colons, variables), COLON]);
  const last = fields[LAST_FIELD];
  const tokens = last === undefined ? head.slice(0, -1) : head.concat(textTokens(last, variables));
  return parts.isOpen ? { tokens: [...tokens, TOKEN.anyText], isCertain: false } : { tokens, isCertain: true };
}

const LAST_FIELD = 5;

/** The tokens of a text in which every wildcard matches colons. `toTokens` reads what is not a variable. */
export function textTokens(
  text: string,
  variables: VariableTokens | undefined,
  toTokens: (text: string) => readonly Token[] = wildcardTokens,
): readonly Token[] {
  if (variables === undefined || !hasVariable(text)) return toTokens(text);
  return resourcePieces(text).flatMap((piece) => pieceTokens(piece, variables, toTokens));
}

function pieceTokens(
  piece: ResourcePiece,
  variables: VariableTokens,
  toTokens: (text: string) => readonly Token[],
): readonly Token[] {
  if (piece.kind === "text") return toTokens(piece.text);
  const escaped = /^\$\{([*?$])\}$/.exec(piece.text)?.[1];
  return escaped === undefined ? variables(piece.text, piece.isColonless) : literalTokens(escaped);
}

function fieldTokens(field: string, colons: ColonReading, variables: VariableTokens | undefined): readonly Token[] {
  if (colons === "every wildcard") return textTokens(field, variables);
  const [, head = field, end = ""] = (colons === "a * at the end of a field" && END_WITH_STAR.exec(field)) || [];
  const tokens = textTokens(head, variables, (text) => wildcardTokens(text).map(withoutColon));
  if (end === "") return tokens;
  return [...tokens, ...wildcardTokens(end.replaceAll("*", "")).map(withoutColon), TOKEN.anyText];
}

/** In `a*?` the star is at the end of the field as well: a run of wildcards means the same in any order. */
const END_WITH_STAR = /^(.*?)([*?]*\*[*?]*)$/s;

function withoutColon(token: Token): Token {
  if (token === TOKEN.anyText) return TOKEN.textWithoutColon;
  return token === TOKEN.anyCharacter ? TOKEN.anyButColon : token;
}
