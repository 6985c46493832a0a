import type { JsonObject } from "../../../crd/contract.ts";
import { type SchemaNode, schemaNode } from "../../../crd/schema/structural.ts";
import metaSchemas from "../open-api/meta-schemas.json" with { type: "json" };

const objectMetaNode = schemaNode(metaSchemas.ObjectMeta);
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
