import type { Json, JsonObject } from "../contract.ts";
import { isObject, setMember } from "../json.ts";
import { type SchemaNode, schemaNode } from "./structural.ts";

const resourceFields: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata"]);
const nothingKnown = schemaNode({});

interface Pruning {
  readonly unknown: string[];
}

function child(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

function pruned(value: Json, node: SchemaNode, path: string, pruning: Pruning): Json {
  if (Array.isArray(value)) {
    const items = node.items;
    if (node.preserveUnknown && items === undefined) {
      return value;
    }
    return value.map((entry, index) => pruned(entry, items ?? nothingKnown, `${path}[${index}]`, pruning));
  }
  return isObject(value) ? prunedObject(value, node, path, pruning) : value;
}

function prunedObject(value: JsonObject, node: SchemaNode, path: string, pruning: Pruning): JsonObject {
  const kept: JsonObject = {};
  for (const [key, entry] of Object.entries(value)) {
    const known = path === "" && resourceFields.has(key) ? "whole" : knownField(node, key);
    if (known === "whole") {
      setMember(kept, key, entry);
    } else if (known !== "unknown") {
      setMember(kept, key, pruned(entry, known, child(path, key), pruning));
    } else {
      pruning.unknown.push(child(path, key));
    }
  }
  return kept;
}

function knownField(node: SchemaNode, key: string): SchemaNode | "whole" | "unknown" {
  const property = node.properties.get(key);
  if (property !== undefined) {
    return property;
  }
  if (node.additional !== undefined) {
    return node.additional === "any" ? nothingKnown : node.additional;
  }
  return node.preserveUnknown ? "whole" : "unknown";
}

/**
 * A copy of a resource without the fields that its schema does not know, and the sorted paths of what went. The root
 * is always a resource: apiVersion, kind and metadata stay whole.
 */
export function pruneResource(
  object: JsonObject,
  root: SchemaNode,
): { readonly object: JsonObject; readonly unknown: readonly string[] } {
  const pruning: Pruning = { unknown: [] };
  const kept = prunedObject(object, root, "", pruning);
  return { object: kept, unknown: pruning.unknown.sort() };
}
