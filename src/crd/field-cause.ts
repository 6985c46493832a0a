import type { CauseReason, FieldCause, Json } from "./contract.ts";
import { canonicalJson } from "./json.ts";

/** Stands for "print no value", as the API server does for the objects and lists that a CEL rule refuses. */
export const OMITTED: unique symbol = Symbol("omitted");

/** Raised for a CRD that the API server would not accept; `causes` are those of its 422 answer. */
export class InvalidCrdError extends Error {
  override readonly name = "InvalidCrdError";
  readonly causes: readonly FieldCause[];

  constructor(crdName: string, causes: readonly FieldCause[]) {
    super(invalidMessage({ group: "apiextensions.k8s.io", kind: "CustomResourceDefinition", name: crdName }, causes));
    this.causes = causes;
  }
}

const goEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};

/** A string in quotes as Go's `%q` prints it. */
function quoted(text: string): string {
  const body = text.replace(/["\\\p{Cc}]/gu, (char) => {
    const code = char.codePointAt(0) ?? 0;
    const hex = code.toString(16);
    return goEscapes[char] ?? (code < 0x80 ? `\\x${hex.padStart(2, "0")}` : `\\u${hex.padStart(4, "0")}`);
  });
  return `"${body}"`;
}

const htmlUnsafe = /[<>&\u2028\u2029]/g;

/** A value as Go prints it in a field error: a quoted string, or JSON that is safe inside HTML, keys sorted. */
function printed(value: Json): string {
  if (typeof value === "string") {
    return quoted(value);
  }
  return canonicalJson(value).replace(
    htmlUnsafe,
    (char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}

function cause(reason: CauseReason, field: string, title: string, detail: string): FieldCause {
  return { reason, field: field === "" ? "<nil>" : field, message: detail === "" ? title : `${title}: ${detail}` };
}

function titled(title: string, value: Json | typeof OMITTED): string {
  return value === OMITTED ? title : `${title}: ${printed(value)}`;
}

/** The field of every cause: a path such as `spec.roleName`, or empty for the object itself. */
export function invalid(field: string, value: Json | typeof OMITTED, detail: string): FieldCause {
  return cause("FieldValueInvalid", field, titled("Invalid value", value), detail);
}

export function typeInvalid(field: string, value: Json, detail: string): FieldCause {
  return cause("FieldValueTypeInvalid", field, titled("Invalid value", value), detail);
}

export function required(field: string, detail = ""): FieldCause {
  return cause("FieldValueRequired", field, "Required value", detail);
}

export function forbidden(field: string, detail: string): FieldCause {
  return cause("FieldValueForbidden", field, "Forbidden", detail);
}

export function duplicate(field: string, value: Json | typeof OMITTED): FieldCause {
  return cause("FieldValueDuplicate", field, titled("Duplicate value", value), "");
}

export function notSupported(field: string, value: Json, supported: readonly string[]): FieldCause {
  const detail = supported.length === 0 ? "" : `supported values: ${supported.map(quoted).join(", ")}`;
  return cause("FieldValueNotSupported", field, titled("Unsupported value", value), detail);
}

/** "bytes" is the API server's word although it counts characters. */
export function tooLong(field: string, max: number): FieldCause {
  return cause("FieldValueTooLong", field, "Too long", `may not be more than ${max} ${max === 1 ? "byte" : "bytes"}`);
}

export function tooMany(field: string, actual: number, max: number): FieldCause {
  const detail = `must have at most ${max} ${max === 1 ? "item" : "items"}`;
  return cause("FieldValueTooMany", field, titled("Too many", actual), detail);
}

/** `spec.roleName: Required value`: a cause as one line. */
export function describeCause(entry: FieldCause): string {
  return `${entry.field}: ${entry.message}`;
}

/** The message of a 422 Status: the kind, the name and every distinct cause. */
export function invalidMessage(
  subject: { readonly group: string; readonly kind: string; readonly name: string },
  causes: readonly FieldCause[],
): string {
  const lines = [...new Set(causes.map(describeCause))];
  const kind = subject.group === "" ? subject.kind : `${subject.kind}.${subject.group}`;
  const body = lines.length === 1 ? lines[0] : `[${lines.join(", ")}]`;
  return `${kind} ${JSON.stringify(subject.name)} is invalid: ${body}`;
}
