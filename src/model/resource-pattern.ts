/** `arn`, partition, service, region, account and the rest, which may hold colons of its own. */
const FIELD_COUNT = 6;

/**
 * A policy variable, `${key}` or `${key, 'default'}`, or else one character. What begins like a variable and is none, such as
 * `${a, 'b}c'}`, runs to the end: where IAM takes it to end is not documented.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
 */
const PIECES = /\$\{[^{}']*(?:'[^{}']*'\s*)?\}|\$\{.*|./gs;
const VARIABLE = /^\$\{[^{}']*(?:'[^{}']*'\s*)?\}$/;

/** The account of the principal, the resource or the source, or the requested region: 12 digits or a region's name. */
const COLONLESS_VARIABLE = /^\$\{aws:(?:(?:principal|resource|source)account|requestedregion)\}$/i;

/** Whether `${...}` in a document is a variable. It is plain text in versions before `2012-10-17`. */
export type VariableUse = "variables" | "plain";

/** A part of a resource pattern. */
export type ResourcePiece =
  | { readonly kind: "character"; readonly text: string }
  /** `isColonless`: its value is known to have no colon. */
  | { readonly kind: "variable"; readonly text: string; readonly isColonless: boolean }
  /** From a `${` that begins no variable to the end of the pattern. */
  | { readonly kind: "unreadable"; readonly text: string };

/** The pieces of a resource pattern, with variables. */
export function resourcePieces(pattern: string): readonly ResourcePiece[] {
  return (pattern.match(PIECES) ?? []).map((text) => {
    if (text.length === 1) return { kind: "character", text };
    if (!VARIABLE.test(text)) return { kind: "unreadable", text };
    return { kind: "variable", text, isColonless: COLONLESS_VARIABLE.test(text) };
  });
}

/** True when a pattern holds a policy variable, or what begins like one. */
export function hasVariable(pattern: string): boolean {
  return pattern.includes("${");
}

/**
 * The fields of a resource pattern between its colons, six at most; a colon inside a variable ends none. Undefined for `*` and for
 * what is not an ARN that can be taken apart.
 */
export function resourceFields(pattern: string, use: VariableUse = "variables"): readonly string[] | undefined {
  if (!pattern.startsWith("arn:")) return undefined;
  const pieces = use === "plain" ? Array.from(pattern, asCharacter) : resourcePieces(pattern);
  const fields: string[] = [""];
  for (const { kind, text } of pieces) {
    if (kind === "unreadable") return undefined;
    if (text === ":" && fields.length < FIELD_COUNT) fields.push("");
    else fields[fields.length - 1] += text;
  }
  return fields;
}

/**
 * The pattern with `*` in the fields that it leaves out: `arn:aws:sqs` means `arn:aws:sqs:*:*:*`. IAM completes an ARN of fewer
 * than six fields so; an empty field is not left out.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
 */
export function completedResource(pattern: string, use: VariableUse = "variables"): string {
  const fields = resourceFields(pattern, use);
  return fields === undefined ? pattern : pattern + ":*".repeat(FIELD_COUNT - fields.length);
}

function asCharacter(text: string): ResourcePiece {
  return { kind: "character", text };
}
