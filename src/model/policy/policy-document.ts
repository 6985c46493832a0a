import { canonicalDocument, type PolicyUse } from "./policy-canonical.ts";
import { describeChange } from "./policy-change.ts";
import { canonicalJson, DEEPEST_POLICY, type JsonValue, nestsDeeperThan } from "./policy-json.ts";
import { scanJson } from "./policy-json-scan.ts";

/**
 * A trust policy, in characters as {@link PolicyDocument.sizeChars} counts them. Adjustable, so it is for hints only;
 * GetAccountSummary has the account's own value as `AssumeRolePolicySizeQuota`.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
export const DEFAULT_TRUST_POLICY_QUOTA_CHARS = 2_048;

/** The prefix of `canonical` when the text is not a document. No JSON starts like this, so nothing else is equal. */
const UNREADABLE = "unreadable:";

declare const madeHere: unique symbol;

/** A policy document that can be compared. Plain JSON at run time; only this module creates it. */
export interface PolicyDocument {
  readonly [madeHere]: true;
  readonly use: PolicyUse;
  /** Minified JSON as it is sent to AWS; the text as it came when it is unreadable. */
  readonly text: string;
  /** The equality key: the same for all documents of one use that mean the same to IAM. */
  readonly canonical: string;
  /** The size of `text` as IAM counts it against quotas: characters other than white space. */
  readonly sizeChars: number;
}

/** Builds a desired document. `text` keeps the author's order; the same document gives the same text. */
export function buildPolicy(document: JsonValue, use: PolicyUse): PolicyDocument {
  return policyDocument(minifyPolicy(document), canonicalJson(canonicalDocument(document, use)), use);
}

/**
 * Reads a document as AWS returned it, percent-encoded or not. Never throws: a text that is not a document, or that is ambiguous (a
 * duplicate key), is equal only to the same text, so the desired document is written instead.
 */
export function readPolicy(text: string, use: PolicyUse): PolicyDocument {
  const document = parsePolicyText(text);
  return document === undefined ? policyDocument(text, UNREADABLE + text, use) : buildPolicy(document, use);
}

/** True when both grant the same, by the documented rules of IAM. */
export function samePolicy(a: PolicyDocument, b: PolicyDocument): boolean {
  return a.use === b.use && a.canonical === b.canonical;
}

/**
 * What turns `from` (what AWS has) into `to` (what is wanted), one line for each statement that differs, such as
 * `~ statement "Read": + action s3:GetObject, - action s3:Delete*`. Both are of one use. Empty when they are the same;
 * bounded; does not depend on the order of things in `from`.
 */
export function describePolicyChange(from: PolicyDocument, to: PolicyDocument): readonly string[] {
  return samePolicy(from, to) ? [] : describeChange(policyJson(from), policyJson(to), to.use);
}

/** The JSON of a document as it is sent; undefined when it is unreadable. */
export function policyJson(document: PolicyDocument): JsonValue | undefined {
  return document.canonical.startsWith(UNREADABLE) ? undefined : JSON.parse(document.text);
}

function policyDocument(text: string, canonical: string, use: PolicyUse): PolicyDocument {
  return { use, text, canonical, sizeChars: countPolicyChars(text) } as PolicyDocument;
}

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
function minifyPolicy(document: JsonValue): string {
  return JSON.stringify(document).replace(/[\u0100-\uffff]/g, escapeCodeUnit);
}

/**
 * The size that IAM holds against a quota: characters other than white space.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
function countPolicyChars(text: string): number {
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
