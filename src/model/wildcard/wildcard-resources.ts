import { completedFields, hasVariable, type ResourcePiece, resourceParts, resourcePieces } from "../policy/resource-pattern.ts";
import {
  ANY_BUT_COLON,
  ANY_CHARACTER,
  ANY_TEXT,
  COLON,
  charactersOf,
  type GlobReading,
  TEXT_WITHOUT_COLON,
  type Token,
} from "./wildcard-glob.ts";

/**
 * Which wildcards in the first five fields of an ARN match a colon. AWS documents that a `*` at the end of a field can match beyond
 * the colon, and advises to write wildcards within fields; examples of AWS rest on wildcards that do not. So all readings are
 * decided, each for both sides, and the safe answer counts.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
 */
export type ColonReading = "every wildcard" | "a * at the end of a field" | "no wildcard";

/** How patterns of resources are read: completed, with variables as any text. */
export function resourceReading(colons: ColonReading): GlobReading {
  return {
    foldsCase: false,
    tokensOf: (pattern) => resourceTokens(pattern, colons),
    isCertain: (pattern) => !hasVariable(pattern),
  };
}

/** True when the pattern means the same in every reading: it has no wildcard and no variable before its sixth field. */
export function isReadAlike(pattern: string): boolean {
  return !pattern.startsWith("arn:") || /^(?:[^:*?$]*:){5}/.test(pattern);
}

const LAST_FIELD = 5;

function resourceTokens(pattern: string, colons: ColonReading): readonly Token[] {
  const parts = resourceParts(pattern);
  if (parts === undefined) return charactersOf(pattern);
  const fields = parts.isOpen ? parts.fields : (completedFields(pattern) ?? parts.fields);
  const head = fields.slice(0, LAST_FIELD).flatMap((field) => [...fieldTokens(field, colons), COLON]);
  const last = fields[LAST_FIELD];
  const tokens = last === undefined ? head.slice(0, -1) : head.concat(textTokens(last));
  return parts.isOpen ? [...tokens, ANY_TEXT] : tokens;
}

/** The tokens of a text in which every wildcard matches colons. */
function textTokens(text: string): readonly Token[] {
  return hasVariable(text) ? resourcePieces(text).flatMap(pieceTokens) : charactersOf(text);
}

function pieceTokens(piece: ResourcePiece): readonly Token[] {
  if (piece.kind === "text") return charactersOf(piece.text);
  return [piece.isColonless ? TEXT_WITHOUT_COLON : ANY_TEXT];
}

function fieldTokens(field: string, colons: ColonReading): readonly Token[] {
  if (colons === "every wildcard") return textTokens(field);
  const [, head = field, end = ""] = (colons === "a * at the end of a field" && END_WITH_STAR.exec(field)) || [];
  const tokens = resourcePieces(head).flatMap((piece) =>
    piece.kind === "text" ? charactersOf(piece.text).map(withoutColon) : pieceTokens(piece),
  );
  if (end === "") return tokens;
  return [...tokens, ...charactersOf(end.replaceAll("*", "")).map(withoutColon), ANY_TEXT];
}

/** In `a*?` the star is at the end of the field as well: a run of wildcards means the same in any order. */
const END_WITH_STAR = /^(.*?)([*?]*\*[*?]*)$/s;

function withoutColon(token: Token): Token {
  if (token === ANY_TEXT) return TEXT_WITHOUT_COLON;
  return token === ANY_CHARACTER ? ANY_BUT_COLON : token;
}
