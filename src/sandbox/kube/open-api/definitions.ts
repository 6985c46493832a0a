import type { JsonObject, ServedKind } from "../../../crd/contract.ts";
import { objectMember } from "../../../crd/json.ts";
import { objectMetaSchema } from "../apply/object-meta.ts";

/** Where a document keeps its schemas. */
export type RefPrefix = "#/components/schemas/" | "#/definitions/";

const meta = "io.k8s.apimachinery.pkg.apis.meta.v1";

function text(description: string): JsonObject {
  return { type: "string", description };
}

const listMeta: JsonObject = {
  type: "object",
  description: "What every list carries.",
  properties: {
    continue: text("Set when there are more entries: send it back to get them."),
    remainingItemCount: { type: "integer", format: "int64", description: "How many entries are left." },
    resourceVersion: text("The version of the list, to watch from."),
    selfLink: text("No longer filled by the server."),
  },
};

const status: JsonObject = {
  type: "object",
  description: "The answer of a call that gives no object.",
  properties: {
    apiVersion: text("Always v1."),
    kind: text("Always Status."),
    metadata: { type: "object", description: "Unused." },
    status: text("Success or Failure."),
    message: text("What happened, for people."),
    reason: text("What happened, as one CamelCase word."),
    details: { type: "object", description: "More about the reason." },
    code: { type: "integer", format: "int32", description: "The HTTP status." },
  },
};

const deleteOptions: JsonObject = {
  type: "object",
  description: "How to delete.",
  properties: {
    apiVersion: text("Always v1."),
    kind: text("Always DeleteOptions."),
    dryRun: { type: "array", items: { type: "string" }, description: "All: judge, but change nothing." },
    gracePeriodSeconds: { type: "integer", format: "int64", description: "Seconds before the object is removed." },
    preconditions: { type: "object", description: "What must hold for the object to be deleted." },
    propagationPolicy: text("Orphan, Background or Foreground."),
  },
};

export function ref(prefix: RefPrefix, name: string): JsonObject {
  return { $ref: `${prefix}${name}` };
}

/** A description beside a reference, which in OpenAPI v3 needs an allOf. */
function described(prefix: RefPrefix, name: string, description: string): JsonObject {
  const target = ref(prefix, name);
  return prefix === "#/definitions/" ? { ...target, description } : { allOf: [target], default: {}, description };
}

/** `dev.instanceprofile.iam.v1beta1.InstanceProfile`: the name of a kind's schema. */
export function schemaName(kind: Pick<ServedKind, "group" | "version">, name: string): string {
  const group = kind.group === "" ? "io.k8s.api.core" : kind.group.split(".").reverse().join(".");
  return `${group}.${kind.version}.${name}`;
}

export const statusName: string = `${meta}.Status`;
export const deleteOptionsName: string = `${meta}.DeleteOptions`;
export const patchName: string = `${meta}.Patch`;

/** The schemas that every document has. */
export const commonSchemas: JsonObject = {
  [`${meta}.ObjectMeta`]: objectMetaSchema,
  [`${meta}.ListMeta`]: listMeta,
  [statusName]: status,
  [deleteOptionsName]: deleteOptions,
  [patchName]: { type: "object", description: "A change of an object, in the format that Content-Type names." },
};

export function groupVersionKind(kind: ServedKind, name: string): JsonObject {
  return { group: kind.group, kind: name, version: kind.version };
}

/** The schemas of a kind and of its list. */
export function kindSchemas(kind: ServedKind, prefix: RefPrefix): JsonObject {
  const { schema } = kind;
  const apiVersion = text("The version of the schema that this object is written in.");
  const item = schemaName(kind, kind.kind);
  const own: JsonObject = {
    ...schema,
    properties: {
      ...objectMember(schema, "properties"),
      apiVersion,
      kind: text("What this object is."),
      metadata: described(prefix, `${meta}.ObjectMeta`, "Identity, labels and life cycle."),
    },
    "x-kubernetes-group-version-kind": [groupVersionKind(kind, kind.kind)],
  };
  const list: JsonObject = {
    type: "object",
    description: `${kind.listKind} is a list of ${kind.kind}.`,
    required: ["items"],
    properties: {
      apiVersion,
      kind: text("What this list is."),
      metadata: described(prefix, `${meta}.ListMeta`, "The version of the list and how to go on."),
      items: { type: "array", description: `List of ${kind.plural}.`, items: ref(prefix, item) },
    },
    "x-kubernetes-group-version-kind": [groupVersionKind(kind, kind.listKind)],
  };
  return { [item]: own, [schemaName(kind, kind.listKind)]: list };
}
