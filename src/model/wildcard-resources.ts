import { completedResource, hasVariable, type ResourcePiece, resourcePieces } from "./resource-pattern.ts";
import {
  ANY_BUT_COLON,
  ANY_CHARACTER,
  ANY_TEXT,
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
  if (!pattern.startsWith("arn:")) return charactersOf(pattern);
  const fields = fieldsOf(resourcePieces(completedResource(pattern)));
  return fields.flatMap((field, index) => [
    ...(index === 0 ? [] : charactersOf(":")),
    ...(index === LAST_FIELD ? field.flatMap((piece) => tokensOf(piece, true)) : fieldTokens(field, colons)),
  ]);
}

function fieldsOf(pieces: readonly ResourcePiece[]): readonly (readonly ResourcePiece[])[] {
  const fields: ResourcePiece[][] = [[]];
  for (const piece of pieces) {
    if (piece.text === ":" && fields.length <= LAST_FIELD) fields.push([]);
    else fields.at(-1)?.push(piece);
  }
  return fields;
}

function fieldTokens(field: readonly ResourcePiece[], colons: ColonReading): readonly Token[] {
  const tokens = field.flatMap((piece) => tokensOf(piece, colons === "every wildcard"));
  if (colons !== "a * at the end of a field") return tokens;
  // In `a*?` the star is at the end of the field as well: a run of wildcards means the same in any order.
  const run =
    tokens.length - 1 - tokens.findLastIndex((token) => token !== TEXT_WITHOUT_COLON && token !== ANY_BUT_COLON);
  const atEnd = tokens.slice(tokens.length - run);
  if (!atEnd.includes(TEXT_WITHOUT_COLON) || field.at(-1)?.kind !== "character") return tokens;
  return [...tokens.slice(0, tokens.length - run), ...atEnd.filter((token) => token === ANY_BUT_COLON), ANY_TEXT];
}

function tokensOf(piece: ResourcePiece, matchesColon: boolean): readonly Token[] {
  if (piece.kind === "variable") return [piece.isColonless ? TEXT_WITHOUT_COLON : ANY_TEXT];
  if (piece.kind === "unreadable") return [ANY_TEXT];
  if (piece.text === "*") return [matchesColon ? ANY_TEXT : TEXT_WITHOUT_COLON];
  if (piece.text === "?") return [matchesColon ? ANY_CHARACTER : ANY_BUT_COLON];
  return charactersOf(piece.text);
}
