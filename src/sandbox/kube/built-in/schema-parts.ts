import type { JsonObject } from "../../../crd/contract.ts";

/** A text field. */
export function text(description: string): JsonObject {
  return { type: "string", description };
}

/** A boolean field. */
export function flag(description: string): JsonObject {
  return { type: "boolean", description };
}

/** A 32-bit integer field. */
export function count(description: string): JsonObject {
  return { type: "integer", format: "int32", description };
}

/** A date-time field, which may be null as Go's zero times are. */
export function time(description: string): JsonObject {
  return { type: "string", format: "date-time", nullable: true, description };
}

/** An object field. */
export function object(description: string, properties: JsonObject, required: readonly string[] = []): JsonObject {
  return { type: "object", description, properties, ...(required.length === 0 ? {} : { required: [...required] }) };
}

/** A list field. */
export function list(description: string, items: JsonObject, extensions: JsonObject = {}): JsonObject {
  return { type: "array", description, items, ...extensions };
}

/** An atomic list of texts. */
export function texts(description: string): JsonObject {
  return list(description, { type: "string" }, { "x-kubernetes-list-type": "atomic" });
}

/** A map of texts. */
export function textMap(description: string, format: JsonObject = {}): JsonObject {
  return { type: "object", description, additionalProperties: { type: "string", ...format } };
}

/** A value of any shape. */
export function anything(description: string): JsonObject {
  return { type: "object", description, "x-kubernetes-preserve-unknown-fields": true };
}

/** The schema of a kind. */
export function kind(description: string, properties: JsonObject, required: readonly string[] = []): JsonObject {
  return object(
    description,
    {
      apiVersion: text("The version of the schema that this object is written in."),
      kind: text("What this object is."),
      metadata: { type: "object", description: "Identity, labels and life cycle." },
      ...properties,
    },
    required,
  );
}

/** The extensions of a list whose items are told apart by one key. */
export function keyed(key: string): JsonObject {
  return { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key] };
}

/** One entry of `status.conditions`. */
export const condition: JsonObject = object(
  "One aspect of the state.",
  {
    type: text("The aspect."),
    status: text("True, False or Unknown."),
    reason: text("Why, in one CamelCase word."),
    message: text("Why, for people."),
    lastTransitionTime: time("When status last changed."),
    observedGeneration: { type: "integer", format: "int64", description: "The generation that was judged." },
  },
  ["type", "status"],
);
