/**
 * The syntax rules of names, label keys and label values, each giving the API server's own complaints.
 * Facts: k8s.io/apimachinery/pkg/api/validate/content
 */

const labelFormat = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const subdomainFormat = `${labelFormat}(\\.${labelFormat})*`;
const keyFormat = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const valueFormat = `(${keyFormat})?`;

const labelPattern = new RegExp(`^${labelFormat}$`);
const subdomainPattern = new RegExp(`^${subdomainFormat}$`);
const keyPattern = new RegExp(`^${keyFormat}$`);
const valuePattern = new RegExp(`^${valueFormat}$`);

const ends = "and must start and end with an alphanumeric character";

/** What is wrong with the name of an object, most kinds: up to 253 characters with dots. */
export function subdomainProblems(value: string): readonly string[] {
  const problems = tooLongFor(value, 253);
  if (subdomainPattern.test(value)) return problems;
  const rule = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', ${ends}`;
  return [...problems, `${rule} (e.g. 'example.com', regex used for validation is '${subdomainFormat}')`];
}

/** What is wrong with the name of a namespace: up to 63 characters, no dots. */
export function labelNameProblems(value: string): readonly string[] {
  const problems = tooLongFor(value, 63);
  if (labelPattern.test(value)) return problems;
  if (subdomainPattern.test(value)) return [...problems, "must not contain dots"];
  const rule = `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', ${ends}`;
  return [...problems, `${rule} (e.g. 'my-name',  or '123-abc', regex used for validation is '${labelFormat}')`];
}

/** What is wrong with a label key, an annotation key or a finalizer: `name` or `example.com/name`. */
export function qualifiedNameProblems(value: string): readonly string[] {
  const parts = value.split("/");
  const examples = `(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${keyFormat}')`;
  const rule = `must consist of alphanumeric characters, '-', '_' or '.', ${ends} ${examples}`;
  if (parts.length > 2) {
    return [`a valid label key ${rule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const name = parts.at(-1) ?? "";
  const problems = parts.length === 2 ? prefixProblems(parts[0] ?? "") : [];
  if (name === "") return [...problems, "name part must be non-empty", `name part ${rule}`];
  const length = tooLongFor(name, 63).map((problem) => `name part ${problem}`);
  return [...problems, ...length, ...(keyPattern.test(name) ? [] : [`name part ${rule}`])];
}

/** What is wrong with the value of a label. */
export function labelValueProblems(value: string): readonly string[] {
  const problems = tooLongFor(value, 63);
  if (valuePattern.test(value)) return problems;
  const rule = `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', ${ends}`;
  const examples = `(e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '${valueFormat}')`;
  return [...problems, `${rule} ${examples}`];
}

function prefixProblems(prefix: string): readonly string[] {
  if (prefix === "") return ["prefix part must be non-empty"];
  return subdomainProblems(prefix).map((problem) => `prefix part ${problem}`);
}

function tooLongFor(value: string, max: number): readonly string[] {
  return Buffer.byteLength(value) > max ? [`must be no more than ${max} bytes`] : [];
}
