import { asciiLowerCase } from "./policy-json.ts";

/** `arn`, partition, service, region, account and the rest, which may hold colons of its own. */
const FIELD_COUNT = 6;

/**
 * A policy variable: `${key}` or `${key, 'default'}`.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
 */
const VARIABLE = /\$\{[^{}']*(?:'[^{}']*'\s*)?\}/;
const VARIABLES = new RegExp(`(${VARIABLE.source})`);
/** As far as every `${` begins a variable. */
const READABLE = new RegExp(`^(?:${VARIABLE.source}|(?!\\$\\{).)*`, "s");
/** Fields that are not empty, and colons. */
const FIELDS_AND_COLONS = new RegExp(`(?:${VARIABLE.source}|[^:])+|:`, "g");

/** The account of the principal, the resource or the source, or the requested region: 12 digits or a region's name. */
const COLONLESS_VARIABLE = /^\$\{aws:(?:(?:principal|resource|source)account|requestedregion)\}$/i;

/** Whether `${...}` in a document is a variable. It is plain text in versions before `2012-10-17`. */
export type VariableUse = "variables" | "plain";

/** A part of a field of a resource pattern. */
export type ResourcePiece =
  | { readonly kind: "text"; readonly text: string }
  /** `isColonless`: its value is known to have no colon. */
  | { readonly kind: "variable"; readonly text: string; readonly isColonless: boolean };

/** The variables of a field, and the texts between them. */
export function resourcePieces(field: string): readonly ResourcePiece[] {
  return field.split(VARIABLES).map((text, index) => {
    if (index % 2 === 0) return { kind: "text", text };
    return { kind: "variable", text, isColonless: COLONLESS_VARIABLE.test(text) };
  });
}

/** True when a pattern holds a policy variable, or what begins like one. */
export function hasVariable(pattern: string): boolean {
  return pattern.includes("${");
}

/** A resource pattern, taken apart as far as it can be. */
export interface ResourceParts {
  /** What stands between its colons, six fields at most; a colon inside a variable ends none. */
  readonly fields: readonly string[];
  /** True when the last one goes on with a `${` that begins no variable: where IAM takes that to end is not documented. */
  readonly isOpen: boolean;
}

/** The parts of an ARN pattern; undefined for `*` and for what is not one. */
export function resourceParts(pattern: string, use: VariableUse = "variables"): ResourceParts | undefined {
  if (!pattern.startsWith("arn:")) return undefined;
  if (use === "plain" || !hasVariable(pattern)) return { fields: withoutMore(pattern.split(":")), isOpen: false };
  const readable = READABLE.exec(pattern)?.[0] ?? "";
  const fields = [""];
  for (const text of readable.match(FIELDS_AND_COLONS) ?? []) {
    if (text === ":") fields.push("");
    else fields[fields.length - 1] = text;
  }
  return { fields: withoutMore(fields), isOpen: readable.length < pattern.length };
}

/** The last field may hold colons. */
function withoutMore(fields: readonly string[]): readonly string[] {
  if (fields.length <= FIELD_COUNT) return fields;
  return [...fields.slice(0, FIELD_COUNT - 1), fields.slice(FIELD_COUNT - 1).join(":")];
}

/**
 * The six fields of an ARN pattern: those that it leaves out are `*`, so `arn:aws:sqs` means `arn:aws:sqs:*:*:*`. IAM completes an
 * ARN so; an empty field is not left out. Undefined for `*` and for what cannot be taken apart.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
 */
export function completedFields(pattern: string, use: VariableUse = "variables"): readonly string[] | undefined {
  const parts = resourceParts(pattern, use);
  if (parts === undefined || parts.isOpen) return undefined;
  return [...parts.fields, ...Array<string>(FIELD_COUNT - parts.fields.length).fill("*")];
}

/** The pattern with its {@link completedFields}, or as it is when it has none. */
export function completedResource(pattern: string, use: VariableUse = "variables"): string {
  return completedFields(pattern, use)?.join(":") ?? pattern;
}

/** The first variable of a text that is not the escape of one character, such as `${*}`. */
export function variableIn(text: string): string | undefined {
  const rest = text.replaceAll(/\$\{[*?$]\}/g, "");
  return hasVariable(rest) ? (/\$\{[^}]*\}?/.exec(rest)?.[0] ?? rest) : undefined;
}

/** The condition key of a variable, in lower case. */
export function variableKey(variable: string): string {
  const [, key = ""] = /^\$\{([^,}]*)/.exec(variable) ?? [];
  return asciiLowerCase(key.trim());
}
