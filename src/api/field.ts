/** One thing wrong with a value, in the words and the form of the Kubernetes API server: `path: problem`. */
export interface Fault {
  /** As the API server writes it: `spec.statements[0].actions[1]`. */
  readonly path: string;
  readonly problem: string;
}

/** What a value must satisfy beyond its shape; the CRD says the same in CEL, with the same message. */
export interface Rule<T> {
  /** What to write instead. */
  readonly message: string;
  /** The property that is blamed, as `.name`; unset: the value itself. */
  readonly fieldPath?: string;
  /** Never throws for a value of the right shape. */
  readonly holds: (value: T) => boolean;
}

/** A field's shape as a CRD writes it, with the messages of its rules in place of CEL. */
export interface FieldSchema {
  readonly type: "string" | "integer" | "boolean" | "array" | "object";
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
  readonly messages?: readonly string[];
}

/** How to read one kind of value, and what the CRD says about it. */
export interface Field<T> {
  readonly schema: FieldSchema;
  /**
   * Appends what is wrong to `faults`. Undefined when the value has not even the right shape; a value of the right
   * shape comes back though it breaks a bound or a rule, so that its surroundings can be judged too. Never throws.
   */
  readonly read: (value: unknown, path: string, faults: Fault[]) => T | undefined;
}

/** Quotes text for a message and cuts it when it is long. */
export function quote(text: string): string {
  const shown = text.length > 64 ? `${text.slice(0, 64)}...` : text;
  return JSON.stringify(shown);
}

/** The fault of a value of another type. */
export function wrongType(value: unknown, path: string, expected: string): Fault {
  const found = typeName(value);
  return {
    path,
    problem: `Invalid value: ${quote(found)}: ${path} in body must be of type ${expected}: ${quote(found)}`,
  };
}

/** Appends a fault for every rule that the value breaks. `shown` is how the value appears in them, if at all. */
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

/** The rules' messages as a part of a schema; nothing when there are no rules. */
export function messagesOf(rules: readonly Rule<never>[]): { readonly messages?: readonly string[] } {
  return rules.length === 0 ? {} : { messages: rules.map((rule) => rule.message) };
}

/** A JSON object: neither null nor a list. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A key of a map as a path shows it: cut when it is long. */
export function clip(key: string): string {
  return key.length > 64 ? `${key.slice(0, 64)}...` : key;
}

function typeName(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}
