import { listMember, member, numberMember, stringMember, stringsMember } from "../json.ts";
import type { SchemaNode } from "../schema/structural.ts";

/** The most that one request may hold: the bound of everything that has no bound of its own. */
export const maxRequestBytes: number = 3 * 1024 * 1024;

/** The sizes below are those that the API server goes by when it judges what a CEL rule may cost. */
const scalarBytes: Readonly<Record<string, number>> = { boolean: 4, integer: 1, number: 1, string: 2 };
const formatBytes: Readonly<Record<string, { readonly least: number; readonly most: number }>> = {
  duration: { least: 3, most: 32 },
  date: { least: 12, most: 12 },
  "date-time": { least: 21, most: 32 },
};

function format(node: SchemaNode): { readonly least: number; readonly most: number } | undefined {
  return node.type === "string" ? formatBytes[stringMember(node.source, "format")] : undefined;
}

/** The fewest bytes that a value takes as JSON. */
export function leastBytes(node: SchemaNode): number {
  if (node.type !== "object" || node.additional !== undefined) {
    return node.type === "object" || node.type === "array" ? 2 : (format(node)?.least ?? scalarBytes[node.type] ?? 1);
  }
  const required = new Set(stringsMember(node.source, "required"));
  let bytes = 2;
  for (const [name, property] of node.properties) {
    if (required.has(name) && property.default === undefined) {
      bytes += name.length + leastBytes(property) + 4;
    }
  }
  return bytes;
}

function longestEnum(node: SchemaNode): number | undefined {
  const values = listMember(node.source, "enum");
  return values.length === 0 ? undefined : Math.max(0, ...values.map((value) => String(value).length));
}

function stringBound(node: SchemaNode): number | undefined {
  const longest = numberMember(node.source, "maxLength");
  if (longest !== undefined) {
    return stringMember(node.source, "format") === "byte" ? longest : longest * 4;
  }
  return format(node)?.most ?? longestEnum(node);
}

function isMap(node: SchemaNode): boolean {
  return node.type === "object" && node.additional !== undefined && node.additional !== "any";
}

/** The most entries of a list or map, or four bytes for each character of a string; undefined without a bound. */
export function declaredBound(node: SchemaNode): number | undefined {
  if (node.type === "array") {
    return numberMember(node.source, "maxItems");
  }
  if (isMap(node)) {
    return numberMember(node.source, "maxProperties");
  }
  return node.type === "string" || node.intOrString ? stringBound(node) : 0;
}

/** The bound that follows from the size of a request where none is declared. */
export function assumedBound(node: SchemaNode): number {
  if (node.type === "array") {
    return Math.floor((maxRequestBytes - 2) / ((node.items === undefined ? 0 : leastBytes(node.items)) + 1));
  }
  if (isMap(node) && typeof node.additional === "object") {
    return Math.floor((maxRequestBytes - 2) / (leastBytes(node.additional) + 6));
  }
  return maxRequestBytes - 2;
}

/** How many values of the children one value of the node may hold; undefined without a bound. */
export function multiplicity(node: SchemaNode): number | undefined {
  const holder = node.type === "array" || (node.type === "object" && member(node.source, "additionalProperties"));
  return holder ? declaredBound(node) : 1;
}
