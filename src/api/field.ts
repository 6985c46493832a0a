/** One validation error of a value, in the format of the Kubernetes API server: `path: problem`. */
export interface Fault {
  /** The field path, such as `spec.statements[0].actions[1]`. */
  readonly path: string;
  readonly problem: string;
}

/** A rule that a value must satisfy beyond its type. The CRD has the same rule in CEL, with the same message. */
export interface Rule<T> {
  /** What to write instead. */
  readonly message: string;
  /** The CRD has no such rule, because the API server cannot read what the rule is about, or not at a bounded cost. */
  readonly isParserOnly?: true;
  /** The property that the error names, as `.name`; unset: the value itself. */
  readonly fieldPath?: string;
  /** Never throws for a value of the right type. */
  readonly holds: (value: T) => boolean;
}

/** The schema of a field as in a CRD, with the messages of its rules instead of CEL. */
export interface FieldSchema {
  /** Unset where any value may stand. */
  readonly type?: "string" | "integer" | "boolean" | "array" | "object";
  /** The API server keeps what stands there, and reads nothing of it. */
  readonly preservesUnknown?: true;
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly listType?: "atomic" | "set" | "map";
  readonly listMapKeys?: readonly string[];
  readonly items?: FieldSchema;
  readonly additionalProperties?: FieldSchema;
  readonly properties?: Readonly<Record<string, FieldSchema>>;
  readonly required?: readonly string[];
  /** Exactly one of these properties must be there. */
  readonly oneOf?: readonly string[];
  readonly messages?: readonly string[];
}

/** Reads one kind of value; with the schema that the CRD has for it. */
export interface Field<T> {
  readonly schema: FieldSchema;
  /**
   * Appends validation errors to `faults`. Undefined when the value has the wrong type. A value of the right type is returned although it
   * violates a bound or a rule, so that its parent can be validated too. Never throws.
   */
  readonly read: (value: unknown, path: string, faults: Fault[]) => T | undefined;
}

/** Quotes text for a message and truncates it if it is long. */
export function quote(text: string): string {
  const shown = text.length > 64 ? `${text.slice(0, 64)}...` : text;
  return JSON.stringify(shown);
}

/** The validation error of a value with the wrong type. */
export function wrongType(value: unknown, path: string, expected: string): Fault {
  const found = typeName(value);
  return {
    path,
    problem: `Invalid value: ${quote(found)}: ${path} in body must be of type ${expected}: ${quote(found)}`,
  };
}

/** Appends a validation error for every rule that the value violates. `shown` is the value in their messages, if any. */
export function applyRules<T>(
  rules: readonly Rule<T>[],
  value: T,
  at: { readonly path: string; readonly shown: string | undefined },
  faults: Fault[],
): void {
  for (const rule of rules) {
    if (rule.holds(value)) continue;
    const shown = at.shown === undefined || rule.fieldPath !== undefined ? "" : `${at.shown}: `;
    faults.push({ path: `${at.path}${rule.fieldPath ?? ""}`, problem: `Invalid value: ${shown}${rule.message}` });
  }
}

/** The messages of the rules as part of a schema; empty without rules. */
export function messagesOf(rules: readonly Rule<never>[]): { readonly messages?: readonly string[] } {
  const shared = rules.filter(({ isParserOnly }) => !isParserOnly);
  return shared.length === 0 ? {} : { messages: shared.map((rule) => rule.message) };
}

/** True for a JSON object: neither null nor a list. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A key of a map in a field path, truncated if it is long. */
export function clip(key: string): string {
  return key.length > 64 ? `${key.slice(0, 64)}...` : key;
}

function typeName(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}
