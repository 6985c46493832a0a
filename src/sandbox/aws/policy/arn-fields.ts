/** `${key}` or `${key, 'default'}`, where the default may hold braces, or one character. */
const TOKENS = /\$\{(?:[^{}']|'[^']*')*\}|./gsu;

/** A pattern's variables, each as one token, and its other characters; without variables, all of its characters. */
export function tokensOf(pattern: string, hasVariables: boolean): readonly string[] {
  return hasVariables ? (pattern.match(TOKENS) ?? []) : Array.from(pattern);
}

const FIELDS = 6;

/** The fields of an ARN between its colons, six at most; a colon inside a variable ends none. */
export function arnFields(arn: string, hasVariables: boolean): readonly string[] {
  const fields = [""];
  for (const token of tokensOf(arn, hasVariables)) {
    if (token === ":" && fields.length < FIELDS) fields.push("");
    else fields[fields.length - 1] += token;
  }
  return fields;
}

/**
 * The six fields of a resource pattern: IAM takes `*` for those that are left out, so `arn:aws:sqs` is `arn:aws:sqs:*:*:*`.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
 */
export function completedFields(pattern: string, hasVariables: boolean): readonly string[] {
  const fields = arnFields(pattern, hasVariables);
  return [...fields, ...Array<string>(FIELDS - fields.length).fill("*")];
}
