import type { JsonObject } from "../../../crd/contract.ts";
import { objectMember } from "../../../crd/json.ts";
import type { ServedKind } from "../served-kinds.ts";
import metaSchemas from "./meta-schemas.json" with { type: "json" };

const meta = "io.k8s.apimachinery.pkg.apis.meta.v1";

function text(description: string): JsonObject {
  return { type: "string", description };
}

function ref(name: string): JsonObject {
  return { $ref: `#/components/schemas/${name}` };
}

/** A description beside a reference, which needs an allOf. */
function described(name: string, description: string): JsonObject {
  return { allOf: [ref(name)], default: {}, description };
}

/** `dev.instanceprofile.iam.v1beta1.InstanceProfile`: the name of a kind's schema. */
function schemaName(kind: Pick<ServedKind, "group" | "version">, name: string): string {
  const group = kind.group === "" ? "io.k8s.api.core" : kind.group.split(".").reverse().join(".");
  return `${group}.${kind.version}.${name}`;
}

/** The schemas that every document has. */
export const commonSchemas: JsonObject = {
  [`${meta}.ObjectMeta`]: metaSchemas.ObjectMeta,
  [`${meta}.ListMeta`]: metaSchemas.ListMeta,
};

export function groupVersionKind(kind: ServedKind, name: string): JsonObject {
  return { group: kind.group, kind: name, version: kind.version };
}

/** The schemas of a kind and of its list. */
export function kindSchemas(kind: ServedKind): JsonObject {
  const { schema } = kind;
  const apiVersion = text("The version of the schema that this object is written in.");
  const item = schemaName(kind, kind.kind);
  const own: JsonObject = {
    ...schema,
    properties: {
      ...objectMember(schema, "properties"),
      apiVersion,
      kind: text("What this object is."),
      metadata: described(`${meta}.ObjectMeta`, "Identity, labels and life cycle."),
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
      metadata: described(`${meta}.ListMeta`, "The version of the list and how to go on."),
      items: { type: "array", description: `List of ${kind.plural}.`, items: ref(item) },
    },
    "x-kubernetes-group-version-kind": [groupVersionKind(kind, kind.listKind)],
  };
  return { [item]: own, [schemaName(kind, kind.listKind)]: list };
}
