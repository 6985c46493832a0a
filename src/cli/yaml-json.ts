import { isAlias, isMap, isPair, isScalar, isSeq, type Pair, type ParsedNode, type Scalar, type YAMLMap } from "yaml";
import { YamlFaultError } from "./yaml-fault-error.ts";

/** A JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** An API server refuses objects long before; what reads them here calls itself for each level. */
const MAX_DEPTH = 500;

/** What aliases may add to a document of any size. */
const FREE_VALUES = 100_000;

/** What is known on the way through a document. */
interface Walk {
  readonly anchors: Map<string, unknown>;
  /** The collections around the place that is being read. */
  readonly open: Set<unknown>;
  valuesLeft: number;
}

/**
 * A YAML document as JSON, in time that grows with its length alone. YAML can say more than JSON, and an API server takes
 * JSON: an alias stands for a copy, a key for its text, a number that is not finite for null.
 *
 * Errors: YamlFaultError for a key that stands twice in one map or is no scalar, for an alias within what it stands for, and for a document that
 * aliases make much larger than its text.
 */
export function jsonOf(root: ParsedNode | null, textLength: number): Json {
  // A value takes a character of the text at least, so only aliases can use up what is left.
  return read(root, { anchors: new Map(), open: new Set(), valuesLeft: textLength + FREE_VALUES });
}

function read(node: unknown, walk: Walk): Json {
  walk.valuesLeft -= 1;
  if (walk.valuesLeft < 0) throw faultAt(node, "aliases make the document too large");
  if (isAlias(node)) return readAlias(node, walk);
  if (isScalar(node)) {
    if (node.anchor) walk.anchors.set(node.anchor, node);
    return scalarOf(node);
  }
  if (!isMap(node) && !isSeq(node)) return null;
  if (walk.open.has(node)) throw faultAt(node, "an alias stands within what it stands for");
  if (walk.open.size >= MAX_DEPTH) throw faultAt(node, `it is nested more than ${MAX_DEPTH} levels deep`);
  if (node.anchor) walk.anchors.set(node.anchor, node);
  walk.open.add(node);
  const value = isMap(node)
    ? mapOf(node, walk)
    : node.items.map((item) => read(isPair(item) ? item.value : item, walk));
  walk.open.delete(node);
  return value;
}

function readAlias(alias: { readonly source: string }, walk: Walk): Json {
  const target = walk.anchors.get(alias.source);
  if (target === undefined) throw faultAt(alias, "an alias has no anchor before it");
  return read(target, walk);
}

/** `fromEntries` makes an own property of `__proto__`, too. */
function mapOf({ items }: YAMLMap, walk: Walk): Json {
  const names = new Set<string>();
  const entries = items.map((pair): [string, Json] => {
    const name = nameOf(pair, walk);
    if (names.has(name)) throw faultAt(pair.key, "a key stands twice in one map");
    names.add(name);
    return [name, read(pair.value, walk)];
  });
  return Object.fromEntries(entries);
}

function nameOf({ key }: Pair, walk: Walk): string {
  const value = read(key, walk);
  if (typeof value === "object" && value !== null) throw faultAt(key, "a key is a list or a map");
  return value === null ? "" : String(value);
}

/** Documents that call themselves YAML 1.1 may have dates and bytes as well. */
function scalarOf({ value }: Scalar): Json {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value : null;
    default:
      return value === null || value === undefined ? null : String(value);
  }
}

function faultAt(node: unknown, what: string): YamlFaultError {
  const { range } = (node ?? {}) as { readonly range?: readonly number[] | null };
  return new YamlFaultError(what, range?.[0] ?? 0);
}
