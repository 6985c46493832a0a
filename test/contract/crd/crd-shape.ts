import type { FieldSchema } from "../../../src/api/field.ts";

/** A node of the CRD's openAPIV3Schema. */
export type CrdNode = { readonly [key: string]: unknown };

const COPIED = [
  "type",
  "format",
  "enum",
  "default",
  "pattern",
  "minLength",
  "maxLength",
  "minimum",
  "maximum",
  "minItems",
  "maxItems",
  "minProperties",
  "maxProperties",
  "required",
] as const;

const EXTENSIONS = {
  "x-kubernetes-list-type": "listType",
  "x-kubernetes-list-map-keys": "listMapKeys",
} as const;

const WORDS_ONLY = new Set(["description"]);

/**
 * What the CRD says in the vocabulary of src/api/field.ts, so that both sides can be compared whole. Rules about changes
 * (they name oldSelf) stay out: the parser sees one object. Throws at a keyword that it does not know, since a keyword
 * that nobody compares is a rule that the parser may lack.
 */
export function shapeOf(node: CrdNode): FieldSchema {
  const shape: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(node)) {
    if (WORDS_ONLY.has(key)) continue;
    const [name, translated] = translate(key, value);
    if (translated !== undefined) shape[name] = translated;
  }
  return shape as unknown as FieldSchema;
}

function translate(key: string, value: unknown): [string, unknown] {
  if (COPIED.some((copied) => copied === key)) return [key, value];
  switch (key) {
    case "x-kubernetes-list-type":
    case "x-kubernetes-list-map-keys":
      return [EXTENSIONS[key], value];
    case "x-kubernetes-preserve-unknown-fields":
      return ["preservesUnknown", value];
    case "oneOf":
      return [key, (value as readonly CrdNode[]).flatMap(({ required }) => required)];
    case "items":
    case "additionalProperties":
      return [key, shapeOf(value as CrdNode)];
    case "properties":
      return [key, mapValues(value as Record<string, CrdNode>, shapeOf)];
    case "x-kubernetes-validations":
      return ["messages", lastingMessages(value as readonly CelRule[])];
    default:
      throw new Error(`The CRD uses ${key}, which the parser knows nothing of`);
  }
}

interface CelRule {
  readonly rule: string;
  readonly message: string;
}

function lastingMessages(rules: readonly CelRule[]): readonly string[] | undefined {
  const messages = rules.filter(({ rule }) => !/\boldSelf\b/.test(rule)).map(({ message }) => message);
  return messages.length === 0 ? undefined : messages;
}

function mapValues<T, R>(record: Readonly<Record<string, T>>, change: (value: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
