import { DEEPEST_POLICY, type JsonValue, nestsDeeperThan } from "./policy-json.ts";
import { scanJson } from "./policy-json-scan.ts";

/**
 * The document in a text that AWS returned, or undefined when the text cannot be relied on: it is not JSON, or JSON.parse
 * would lose part of it (a key twice, a number that no double holds), or it is nested absurdly.
 *
 * IAM returns documents percent-encoded (RFC 3986), other servers return them raw: decoding is tried only on what is not
 * JSON as it stands, so a `%` or `+` that a user wrote is never decoded.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRolePolicy.html
 */
export function parsePolicyText(text: string): JsonValue | undefined {
  const raw = parseJson(text);
  if (raw !== undefined) return reliable(raw, text);
  const decoded = decodePercent(text);
  const value = decoded === undefined ? undefined : parseJson(decoded);
  return decoded === undefined || value === undefined ? undefined : reliable(value, decoded);
}

/**
 * The document as it is sent: no white space between tokens, keys in the given order, and characters above U+00FF as
 * escapes, since IAM refuses a PolicyDocument that has such characters as they are.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html
 */
export function minifyPolicy(document: JsonValue): string {
  return JSON.stringify(document).replace(/[\u0100-\uffff]/g, escapeCodeUnit);
}

/**
 * The size that IAM holds against a quota: characters other than white space.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
export function countPolicyChars(text: string): number {
  return text.replace(/[ \t\n\r]+/g, "").length;
}

function reliable(value: JsonValue, text: string): JsonValue | undefined {
  if (nestsDeeperThan(DEEPEST_POLICY, value)) return undefined;
  // What comes out as it went in has lost nothing: true of nearly all documents, and cheaper than a scan.
  if (JSON.stringify(value) === text) return value;
  const losses = scanJson(text);
  return losses.duplicateKeys.length > 0 || losses.inexactNumbers.length > 0 ? undefined : value;
}

function parseJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function decodePercent(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function escapeCodeUnit(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
