import { validationError } from "../fault.ts";
import type { Params } from "../protocol/params.ts";

/** What the API's model says about one string parameter. Lengths are in characters. */
interface TextRule {
  readonly min?: number;
  readonly max: number;
  readonly pattern: RegExp;
  /** IAM's words for a value that does not match the pattern, given the parameter's name in lower camel case. */
  readonly complaint: (name: string) => string;
}

const onlyNameCharacters = (name: string): string =>
  `The specified value for ${name} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-`;

const mustMatch =
  (pattern: string) =>
  (name: string): string =>
    `1 validation error detected: Value at '${name}' failed to satisfy constraint: Member must satisfy regular expression pattern: ${pattern}`;

const nameRule = (max: number): TextRule => ({
  min: 1,
  max,
  pattern: /^[\w+=,.@-]+$/,
  complaint: onlyNameCharacters,
});

const pathComplaint = (name: string): string =>
  `The specified value for ${name} is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.`;

/** A parameter that has a rule. */
export type RuledParameter =
  | "RoleName"
  | "UserName"
  | "InstanceProfileName"
  | "PolicyName"
  | "Path"
  | "PathPrefix"
  | "Description"
  | "PolicyDocument"
  | "AssumeRolePolicyDocument"
  | "PolicyArn"
  | "Arn"
  | "Granularity"
  | "JobId"
  | "PermissionsBoundary"
  | "VersionId"
  | "Marker";

/** The rules of the parameters by the name they have in calls. Patterns are those of the public API model. */
const rules: Readonly<Record<RuledParameter, TextRule>> = {
  RoleName: nameRule(64),
  UserName: nameRule(64),
  InstanceProfileName: nameRule(128),
  PolicyName: nameRule(128),
  Path: { min: 1, max: 512, pattern: /^\/$|^\/[!-~]+\/$/, complaint: pathComplaint },
  PathPrefix: { min: 1, max: 512, pattern: /^\/[!-\x7F]*$/, complaint: pathComplaint },
  Description: {
    max: 1_000,
    pattern: /^[\t\n\r -~\xA1-\xFF]*$/,
    complaint: mustMatch("[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u00A1-\\u00FF]*"),
  },
  PolicyDocument: documentRule(),
  AssumeRolePolicyDocument: documentRule(),
  PolicyArn: { min: 20, max: 2_048, pattern: /^[\s\S]*$/, complaint: onlyNameCharacters },
  PermissionsBoundary: { min: 20, max: 2_048, pattern: /^[\s\S]*$/, complaint: onlyNameCharacters },
  Arn: { min: 20, max: 2_048, pattern: /^[\s\S]*$/, complaint: onlyNameCharacters },
  Granularity: {
    max: 32,
    pattern: /^(SERVICE|ACTION)_LEVEL$/,
    complaint: (name) => constraintMessage(name, "Member must satisfy enum value set: [ACTION_LEVEL, SERVICE_LEVEL]"),
  },
  JobId: { min: 36, max: 36, pattern: /^[0-9a-f-]+$/, complaint: mustMatch("[0-9a-f-]+") },
  VersionId: {
    max: 32,
    pattern: /^v[1-9][0-9]*(\.[A-Za-z0-9-]*)?$/,
    complaint: mustMatch("v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?"),
  },
  Marker: { min: 1, max: 2_048, pattern: /^[ -\xFF]+$/, complaint: mustMatch("[\\u0020-\\u00FF]+") },
};

function documentRule(): TextRule {
  return {
    min: 1,
    max: 131_072,
    pattern: /^[\t\n\r -\xFF]+$/,
    complaint: (name) => `The specified value for ${name} is invalid. It must contain only printable ASCII characters.`,
  };
}

/** Values that AWS does not repeat in its complaints. */
const notRepeated: ReadonlySet<string> = new Set(["Description", "PolicyDocument", "AssumeRolePolicyDocument"]);

/** `RoleName` as messages call it: `roleName`. */
const memberName = (parameter: string): string => parameter.charAt(0).toLowerCase() + parameter.slice(1);

/** The sentence AWS makes of a broken constraint; without a value where AWS keeps it to itself. */
export function constraintMessage(member: string, constraint: string, value?: string): string {
  const subject = value === undefined ? "Value" : `Value '${value}'`;
  return `1 validation error detected: ${subject} at '${member}' failed to satisfy constraint: ${constraint}`;
}

/**
 * A parameter that must be there.
 * @throws AwsFault ValidationError
 */
export function required(params: Params, parameter: RuledParameter): string {
  const value = optional(params, parameter);
  if (value === undefined) {
    throw validationError(constraintMessage(memberName(parameter), "Member must not be null"));
  }
  return value;
}

/**
 * A parameter that may be absent.
 * @throws AwsFault ValidationError
 */
export function optional(params: Params, parameter: RuledParameter): string | undefined {
  const value = params.get(parameter);
  if (value === undefined) {
    return undefined;
  }
  const rule = rules[parameter];
  const name = memberName(parameter);
  const shown = notRepeated.has(parameter) ? undefined : value;
  if (value.length > rule.max) {
    throw validationError(constraintMessage(name, `Member must have length less than or equal to ${rule.max}`, shown));
  }
  if (value.length < (rule.min ?? 0)) {
    throw validationError(
      constraintMessage(name, `Member must have length greater than or equal to ${rule.min}`, shown),
    );
  }
  if (!rule.pattern.test(value)) {
    throw validationError(rule.complaint(name));
  }
  return value;
}

/**
 * A whole number between two bounds, both included; `fallback` when absent.
 * @throws AwsFault ValidationError
 */
export function integer(
  params: Params,
  parameter: string,
  bounds: { readonly min: number; readonly max: number; readonly fallback: number },
): number {
  const text = params.get(parameter);
  if (text === undefined) {
    return bounds.fallback;
  }
  if (!/^-?\d+$/.test(text)) {
    throw validationError(`The specified value for ${memberName(parameter)} is invalid. It must be a whole number.`);
  }
  const value = Number(text);
  if (value < bounds.min) {
    throw validationError(
      constraintMessage(memberName(parameter), `Member must have value greater than or equal to ${bounds.min}`, text),
    );
  }
  if (value > bounds.max) {
    throw validationError(
      constraintMessage(memberName(parameter), `Member must have value less than or equal to ${bounds.max}`, text),
    );
  }
  return value;
}
