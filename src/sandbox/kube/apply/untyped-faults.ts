import type { Json, JsonObject } from "../../../crd/contract.ts";
import { isObject, member } from "../../../crd/json.ts";
import { fieldNode, type SchemaNode } from "../../../crd/schema/structural.ts";
import { fieldStep, printedPath } from "./field-set.ts";
import { ownershipNode } from "./object-meta.ts";
import { itemStep } from "./typed-value.ts";

/** How Go prints the value that the API server did not expect. */
function goValue(value: Json): string {
  if (Array.isArray(value)) {
    return `[${value.map(goValue).join(" ")}]`;
  }
  if (isObject(value)) {
    const entries = Object.keys(value).sort();
    return `map[${entries.map((key) => `${key}:${goValue(value[key] ?? null)}`).join(" ")}]`;
  }
  return String(value);
}

function scalarFault(type: string, value: Json): string | undefined {
  const shown = `&value.valueUnstructured{Value:${JSON.stringify(value)}}`;
  if (type === "string" && typeof value !== "string") {
    return `expected string, got ${shown}`;
  }
  if (type === "boolean" && typeof value !== "boolean") {
    return `expected boolean, got ${shown}`;
  }
  if ((type === "integer" || type === "number") && typeof value !== "number") {
    return `expected numeric (int or float), got ${typeof value === "boolean" ? "bool" : typeof value}`;
  }
  return undefined;
}

function mapFaults(node: SchemaNode, value: JsonObject, path: string): readonly string[] {
  return Object.entries(value).flatMap(([key, entry]) => {
    const below = fieldNode(node, key);
    const at = `${path}${printedPath([fieldStep(key)])}`;
    if (below !== undefined) {
      return faults(below, entry, at);
    }
    return node.preserveUnknown || node.additional === "any" ? [] : [`${at}: field not declared in schema`];
  });
}

function keyFault(node: SchemaNode, item: Json, index: number): string | undefined {
  const kind = node.listType === "map" ? "with" : "without";
  if (item === null) {
    const what = node.listType === "map" ? "may not have a null element" : "has an element that's an explicit null";
    return `element ${index}: associative list ${kind} keys ${what}`;
  }
  const known = node.listMapKeys.some(
    (key) => member(item, key) !== undefined || node.items?.properties.get(key)?.default !== undefined,
  );
  return node.listType === "set" || known
    ? undefined
    : `element ${index}: associative list with keys has an element that omits all key fields ${JSON.stringify(node.listMapKeys)} (and doesn't have default values for any key fields)`;
}

function associativeFaults(
  node: SchemaNode,
  items: SchemaNode,
  list: readonly Json[],
  path: string,
): readonly string[] {
  const seen = new Set<string>();
  return list.flatMap((item, index) => {
    const fault = keyFault(node, item, index);
    if (fault !== undefined) {
      return [`${path}: ${fault}`];
    }
    const step = itemStep(node, item);
    if (seen.has(step)) {
      return [`${path}: duplicate entries for key ${printedPath([step])}`];
    }
    seen.add(step);
    return faults(items, item, `${path}${printedPath([step])}`);
  });
}

function listFaults(node: SchemaNode, list: readonly Json[], path: string): readonly string[] {
  const { items } = node;
  if (items === undefined) {
    return [];
  }
  return node.listType === "atomic"
    ? list.flatMap((item, index) => faults(items, item, `${path}[${index}]`))
    : associativeFaults(node, items, list, path);
}

function faults(node: SchemaNode, value: Json, path: string): readonly string[] {
  if (value === null || node.intOrString) {
    return [];
  }
  if (node.type === "object") {
    return isObject(value) ? mapFaults(node, value, path) : [`${path}: expected map, got &{${goValue(value)}}`];
  }
  if (node.type === "array") {
    return Array.isArray(value) ? listFaults(node, value, path) : [`${path}: expected list, got &{${goValue(value)}}`];
  }
  const fault = scalarFault(node.type, value);
  return fault === undefined ? [] : [`${path}: ${fault}`];
}

/**
 * Why an applied configuration cannot be merged: unknown fields, values of the wrong type, items that cannot be told
 * apart. The API server answers these with a 500, `failed to create typed patch object (<namespace>/<name>;
 * <apiVersion>, Kind=<kind>): <fault>`, or with `errors:` and a line each when there are several.
 */
export function untypedFaults(schema: JsonObject, applied: JsonObject): readonly string[] {
  return faults(ownershipNode(schema), applied, "");
}
