import { arnFields, completedFields, tokensOf } from "./arn-fields.ts";
import type { RequestContext } from "./request-context.ts";

/** Where policy variables in a pattern get their values from; without one, `${…}` is plain text. */
export interface PatternOptions {
  readonly variables?: RequestContext | undefined;
  readonly ignoreCase?: boolean;
  /** `*` and `?` are plain text; variables are not. */
  readonly isLiteral?: boolean;
}

/**
 * Whether a value is what a pattern of a policy says: `*` stands for any text, `?` for one character, `${key}` for what the
 * request has, taken literally; `${*}`, `${?}` and `${$}` for the sign itself. A variable without a value matches nothing.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
 */
export function matchesPattern(pattern: string, value: string, options: PatternOptions = {}): boolean {
  const parts = tokensOf(pattern, options.variables !== undefined).map((token) => toSource(token, options));
  if (parts.includes(undefined)) return false;
  return new RegExp(`^${parts.join("")}$`, options.ignoreCase === true ? "isu" : "su").test(value);
}

/** Whether every variable in a pattern has a value. */
export function isResolvable(pattern: string, variables: RequestContext | undefined): boolean {
  return tokensOf(pattern, variables !== undefined).every((token) => toSource(token, { variables }) !== undefined);
}

function toSource(token: string, { variables, isLiteral = false }: PatternOptions): string | undefined {
  if (!isLiteral && token === "*") return ".*";
  if (!isLiteral && token === "?") return ".";
  if (variables === undefined || token.length === 1) return escaped(token);
  const found = substituteFor(token.slice(2, -1), variables);
  return found === undefined ? undefined : escaped(found);
}

/** The value of what stands between the braces: a sign, a key, or a key with a default in quotation marks. */
function substituteFor(inner: string, variables: RequestContext): string | undefined {
  if (/^[*?$]$/.test(inner)) return inner;
  const [, key = "", fallback] = /^([^,]*?)\s*(?:,\s*'(.*)'\s*)?$/su.exec(inner) ?? [];
  const values = variables.get(key.trim().toLowerCase()) ?? [];
  // A key with several values has no value to put there.
  return values.length === 1 ? values[0] : fallback;
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

/**
 * Whether an ARN is what a pattern says, field by field: a `*` reaches no further than the colon, but in the last field. Fields
 * that the pattern leaves out are any. `*` alone is everything.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
 */
export function matchesArn(pattern: string, arn: string, options: PatternOptions = {}): boolean {
  if (pattern === "*") return true;
  const given = arnFields(arn, false);
  if (given.length < 6) return matchesPattern(pattern, arn, options);
  const wanted = completedFields(pattern, options.variables !== undefined);
  return wanted.every((field, index) => matchesPattern(field, given[index] ?? "", options));
}
