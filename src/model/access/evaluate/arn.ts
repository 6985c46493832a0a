import {
  compileParts,
  compileText,
  globTest,
  type Part,
  partsOf,
  type TextPattern,
  type TextReading,
  tokensOf,
} from "./text-pattern.ts";

/**
 * Which wildcards in the first five fields of a resource's ARN match a colon. AWS documents that a `*` at the end of a field can match
 * beyond the colon; examples of AWS rest on wildcards that do not.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
 */
export type ColonReading = "every wildcard" | "a * at the end of a field" | "no wildcard";

const FIELDS = 6;

/** The fields of an ARN pattern, six at most: a colon inside a variable ends none. */
function arnFields(pattern: string, hasVariables: boolean): readonly string[] {
  const fields = [""];
  for (const token of tokensOf(pattern, hasVariables)) {
    if (token === ":" && fields.length < FIELDS) fields.push("");
    else fields[fields.length - 1] += token;
  }
  return fields;
}

/**
 * The six fields of an ARN pattern: IAM reads `*` for those that are left out, so `arn:aws:sqs` is `arn:aws:sqs:*:*:*`.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
 */
export function completedFields(pattern: string, hasVariables: boolean): readonly string[] {
  const fields = arnFields(pattern, hasVariables);
  return [...fields, ...Array<string>(FIELDS - fields.length).fill("*")];
}

/** A pattern of Resource or NotResource. `*` alone matches everything; what is no ARN is plain text with wildcards. */
export function compileResource(pattern: string, reading: TextReading, colons: ColonReading): TextPattern {
  if (!pattern.startsWith("arn:")) return compileText(pattern, reading);
  if (colons === "no wildcard") return compileArn(pattern, reading);
  const fields = completedFields(pattern, reading.hasVariables);
  if (colons === "every wildcard") return compileText(fields.join(":"), reading);
  if (!fields.slice(0, FIELDS - 1).some((field) => /[*?$]/.test(field))) return compileArn(pattern, reading);
  const head = fields.slice(0, FIELDS - 1).flatMap((field) => [...inField(partsOf(field, reading)), COLON]);
  return compileParts([...head, ...partsOf(fields.at(-1) ?? "", reading)], globTest);
}

const COLON: Part = { kind: "text", text: ":" };

/** The parts of a field whose wildcards match no colon, but for a `*` among the wildcards that end it: that one then comes last. */
function inField(parts: readonly Part[]): readonly Part[] {
  const end = parts.findLastIndex(({ kind }) => kind !== "many" && kind !== "one") + 1;
  const isOpen = parts.slice(end).some(({ kind }) => kind === "many");
  const kept = isOpen ? parts.filter(({ kind }, index) => index < end || kind === "one") : parts;
  const limited = kept.map((part) => (part.kind === "many" || part.kind === "one" ? { ...part, inField: true } : part));
  return isOpen ? [...limited, { kind: "many" }] : limited;
}

/**
 * A pattern that is compared with an ARN field by field, as the ARN operators of conditions do: no wildcard matches beyond a colon, but in
 * the last field. `*` alone matches everything; nothing else matches a text that has less than six fields.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
 */
export function compileArn(pattern: string, reading: TextReading): TextPattern {
  if (pattern === "*") return compileText(pattern, reading);
  const fields = completedFields(pattern, reading.hasVariables).map((field) => compileText(field, reading));
  return {
    isResolvable: (context) => fields.every((field) => field.isResolvable(context)),
    matches: (text, context) => {
      const given = fieldsOf(text);
      return given !== undefined && fields.every((field, index) => field.matches(given[index] ?? "", context));
    },
  };
}

/** The six fields of an ARN; undefined for a text with fewer colons. */
function fieldsOf(arn: string): readonly string[] | undefined {
  const fields: string[] = [];
  let start = 0;
  while (fields.length < FIELDS - 1) {
    const colon = arn.indexOf(":", start);
    if (colon < 0) return undefined;
    fields.push(arn.slice(start, colon));
    start = colon + 1;
  }
  return [...fields, arn.slice(start)];
}
