import {
  completedFields,
  hasVariable,
  type ResourcePiece,
  resourceParts,
  resourcePieces,
} from "../../policy/resource-pattern.ts";
import { COLON, literalTokens, TOKEN, type Token, wildcardTokens } from "./glob.ts";

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
