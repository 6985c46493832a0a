import type { JsonObject } from "../../../crd/contract.ts";
import { type SchemaNode, schemaNode } from "../../../crd/schema/structural.ts";
import metaSchemas from "../open-api/meta-schemas.json" with { type: "json" };

const objectMetaNode = schemaNode(metaSchemas.ObjectMeta);
const textNode = schemaNode({ type: "string" });
const compiled = new WeakMap<JsonObject, SchemaNode>();

/** The tree that ownership of fields follows: the kind's schema with what every object has. */
export function ownershipNode(schema: JsonObject): SchemaNode {
  const known = compiled.get(schema);
  if (known !== undefined) {
    return known;
  }
  const root = schemaNode(schema);
  const properties = new Map([
    ...root.properties,
    ["apiVersion", textNode],
    ["kind", textNode],
    ["metadata", objectMetaNode],
  ]);
  const node = { ...root, properties };
  compiled.set(schema, node);
  return node;
}
