import {
  isMap,
  isNode,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  type Pair,
  type ParsedNode,
  type YAMLMap,
} from "yaml";

/** A place in a file, both from 1, as editors and compilers count. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Finds where a field stands, by the path that the API server gives: `spec.statements[0].tags[a.b]`. */
export type PlaceOf = (path: string) => Place;

/**
 * The places of one object within a YAML document. A field that is missing, or a path that is none, is found at the
 * nearest thing around it that is there.
 */
export function placesIn(root: ParsedNode | null, lines: LineCounter): PlaceOf {
  return (path) => {
    const offset = root === null ? 0 : nearest(root, path);
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
}

function nearest(root: Node, path: string): number {
  let node: unknown = root;
  let offset = root.range?.[0] ?? 0;
  let rest = path;
  while (rest !== "") {
    const step = stepInto(node, rest);
    if (step === undefined) break;
    offset = step.offset;
    node = step.node;
    rest = step.rest;
  }
  return offset;
}

interface Step {
  readonly node: unknown;
  /** Of the key where there is one: that is what a person looks for. */
  readonly offset: number;
  readonly rest: string;
}

function stepInto(node: unknown, path: string): Step | undefined {
  if (isSeq(node)) {
    const [whole, index] = /^\[(\d+)\]/.exec(path) ?? [];
    const item = index === undefined ? undefined : node.items[Number(index)];
    return whole === undefined || !isNode(item) ? undefined : step(item, item, path.slice(whole.length));
  }
  if (!isMap(node)) return undefined;
  const keys = keysOf(node);
  const found = firstParts(path, keys.longest).find(({ key }) => keys.pairs.has(key));
  const pair = found === undefined ? undefined : keys.pairs.get(found.key);
  return found === undefined || pair === undefined ? undefined : step(pair.value, pair.key as Node, found.rest);
}

interface Keys {
  readonly pairs: ReadonlyMap<string, Pair>;
  readonly longest: number;
}

/** Many paths lead into one map, and it may have tens of thousands of keys. */
const knownKeys = new WeakMap<YAMLMap, Keys>();

function keysOf(map: YAMLMap): Keys {
  const known = knownKeys.get(map);
  if (known !== undefined) return known;
  const named = map.items.flatMap((pair): [string, Pair][] =>
    isScalar(pair.key) ? [[String(pair.key.value), pair]] : [],
  );
  const longest = named.reduce((length, [key]) => Math.max(length, key.length), 0);
  const keys = { pairs: new Map(named), longest };
  knownKeys.set(map, keys);
  return keys;
}

function step(node: unknown, at: Node, rest: string): Step {
  return { node, offset: at.range?.[0] ?? 0, rest };
}

/**
 * The keys that a path can begin with, each with what follows it: `spec` in `spec.roleName` leaves `.roleName`. The longest comes first,
 * because keys have dots themselves (`iam.instanceprofile.dev/reconcile-at`).
 */
function firstParts(path: string, longest: number): readonly { readonly key: string; readonly rest: string }[] {
  const isBracketed = path.startsWith("[");
  const start = isBracketed || path.startsWith(".") ? 1 : 0;
  const window = path.slice(start, start + longest + 1);
  const ends = [...window.matchAll(isBracketed ? /\]/g : /[.[]|$/g)].map(({ index }) => index).reverse();
  return ends.map((end) => ({
    key: window.slice(0, end),
    rest: path.slice(start + end + (isBracketed ? 1 : 0)),
  }));
}
