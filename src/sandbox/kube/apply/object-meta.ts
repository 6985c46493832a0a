import type { JsonObject } from "../../../crd/contract.ts";
import { type SchemaNode, schemaNode } from "../../../crd/schema/structural.ts";

const time: JsonObject = { type: "string", format: "date-time" };

function text(description: string): JsonObject {
  return { type: "string", description };
}

const ownerReference: JsonObject = {
  type: "object",
  description: "Names the object that this one belongs to and dies with.",
  required: ["apiVersion", "kind", "name", "uid"],
  properties: {
    apiVersion: text("API version of the owner."),
    kind: text("Kind of the owner."),
    name: text("Name of the owner."),
    uid: text("UID of the owner: another object of the same name is not it."),
    controller: { type: "boolean", description: "Whether the owner is the one controller of this object." },
    blockOwnerDeletion: {
      type: "boolean",
      description: "Whether a foreground deletion of the owner waits until this object is gone.",
    },
  },
  "x-kubernetes-map-type": "atomic",
};

const managedFieldsEntry: JsonObject = {
  type: "object",
  description: "The fields that one manager owns through one operation.",
  properties: {
    manager: text("Who changed the fields, as the request's fieldManager says."),
    operation: text("Apply for server-side apply, Update for everything else."),
    apiVersion: text("The version of the object in which the fields are named."),
    time: { ...time, description: "When the manager last changed something." },
    fieldsType: text("The format of fieldsV1; always FieldsV1."),
    fieldsV1: { type: "object", description: "The owned fields as a tree." },
    subresource: text("The subresource that was written; empty for the object itself."),
  },
};

/** The schema of metadata, with the list types that server-side apply goes by. */
export const objectMetaSchema: JsonObject = {
  type: "object",
  description: "What every stored object carries: its identity, its labels and its life cycle.",
  properties: {
    name: text("The name, unique among objects of the kind in the namespace. It cannot change."),
    generateName: text("A prefix from which the server makes a unique name when name is empty."),
    namespace: text("The namespace that the name is unique in. It cannot change."),
    selfLink: text("No longer filled by the server."),
    uid: text("Unique in time and space; set by the server."),
    resourceVersion: text("The object's version for change detection and optimistic concurrency. Opaque to clients."),
    generation: { type: "integer", format: "int64", description: "Counts the changes of the desired state." },
    creationTimestamp: { ...time, description: "When the object was created; set by the server." },
    deletionTimestamp: {
      ...time,
      description: "When deletion was asked for; the object goes once it has no finalizers.",
    },
    deletionGracePeriodSeconds: {
      type: "integer",
      format: "int64",
      description: "Seconds that the object has to end by itself after deletion was asked for.",
    },
    labels: {
      type: "object",
      description: "Keys and values to select objects by.",
      additionalProperties: { type: "string" },
    },
    annotations: {
      type: "object",
      description: "Keys and values for tools; they cannot be selected by.",
      additionalProperties: { type: "string" },
    },
    ownerReferences: {
      type: "array",
      description: "The objects that this one belongs to.",
      items: ownerReference,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["uid"],
      "x-kubernetes-patch-merge-key": "uid",
      "x-kubernetes-patch-strategy": "merge",
    },
    finalizers: {
      type: "array",
      description: "Who still has work to do before the object may go.",
      items: { type: "string" },
      "x-kubernetes-list-type": "set",
      "x-kubernetes-patch-strategy": "merge",
    },
    managedFields: {
      type: "array",
      description: "Which manager owns which fields; kept by the server.",
      items: managedFieldsEntry,
      "x-kubernetes-list-type": "atomic",
    },
  },
};

const objectMetaNode = schemaNode(objectMetaSchema);
const textNode = schemaNode({ type: "string" });
const anything = schemaNode({ type: "object", "x-kubernetes-preserve-unknown-fields": true });
const compiled = new WeakMap<JsonObject, SchemaNode>();

/** The tree that ownership of fields follows: the kind's schema with what every object has. */
export function ownershipNode(schema: JsonObject | undefined): SchemaNode {
  const known = schema === undefined ? undefined : compiled.get(schema);
  if (known !== undefined) {
    return known;
  }
  const root = schema === undefined ? anything : schemaNode(schema);
  const properties = new Map([
    ...root.properties,
    ["apiVersion", textNode] as const,
    ["kind", textNode] as const,
    ["metadata", objectMetaNode] as const,
  ]);
  const node = { ...root, properties };
  if (schema !== undefined) {
    compiled.set(schema, node);
  }
  return node;
}
