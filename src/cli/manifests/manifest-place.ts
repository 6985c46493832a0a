import { EVENT_ID, type Event, getScalarValue } from "js-yaml";
import { offsetOf } from "./yaml-events.ts";

/** A field of a document within a text. */
export interface DocumentField {
  /** Index of the document, from 0. */
  readonly document: number;
  /** The path as the API server writes it: `spec.statements[0].tags[a.b]`. */
  readonly path: string;
}

/** Returns the offset of each field in the text. For a missing field or an invalid path, the nearest existing parent. */
export function offsetsIn(events: readonly Event[], text: string, fields: readonly DocumentField[]): readonly number[] {
  const tree = new EventTree(events, text);
  return fields.map(({ document, path }) => nearest(tree, tree.roots[document] ?? 0, path));
}

function nearest(tree: EventTree, root: number, path: string): number {
  let node = root;
  let offset = Math.max(0, tree.offsetOf(root));
  let rest = path;
  while (rest !== "") {
    const step = stepInto(tree, node, rest);
    if (step === undefined) break;
    const at = tree.offsetOf(step.at);
    if (at >= 0) offset = at;
    node = step.node;
    rest = step.rest;
  }
  return offset;
}

interface Step {
  readonly node: number;
  /** The node of the key, if there is one: that is what a user looks for. */
  readonly at: number;
  readonly rest: string;
}

function stepInto(tree: EventTree, node: number, path: string): Step | undefined {
  const [whole, index] = /^\.?\[(\d+)\]/.exec(path) ?? [];
  if (whole !== undefined && tree.isSequence(node)) {
    const item = tree.items(node)[Number(index)];
    return item === undefined ? undefined : { node: item, at: item, rest: path.slice(whole.length) };
  }
  const keys = tree.keys(node);
  if (keys === undefined) return undefined;
  const found = firstParts(path, keys.longest).find(({ key }) => keys.indexes.has(key));
  const at = found === undefined ? undefined : keys.indexes.get(found.key);
  return found === undefined || at === undefined ? undefined : { node: tree.after(at), at, rest: found.rest };
}

/** The keys of a map, each with the index of its event. */
interface Keys {
  readonly indexes: ReadonlyMap<string, number>;
  readonly longest: number;
}

/** A tree view of a list of events; a node is the index of its first event. */
class EventTree {
  /** The root of each document. */
  readonly roots: readonly number[];
  readonly #events: readonly Event[];
  readonly #text: string;
  /** For each node, the index after its last event. */
  readonly #after: Int32Array;
  /** Cached, because many paths lead into one collection, which can have tens of thousands of nodes. */
  readonly #children = new Map<number, readonly number[]>();
  readonly #keys = new Map<number, Keys>();

  constructor(events: readonly Event[], text: string) {
    this.#events = events;
    this.#text = text;
    this.#after = new Int32Array(events.length);
    const roots: number[] = [];
    const open: number[] = [];
    for (const [index, { type }] of events.entries()) {
      this.#after[index] = index + 1;
      if (type === EVENT_ID.POP) this.#after[open.pop() ?? 0] = index + 1;
      else if (type !== EVENT_ID.SCALAR && type !== EVENT_ID.ALIAS) open.push(index);
      if (type === EVENT_ID.DOCUMENT) roots.push(index + 1);
    }
    this.roots = roots;
  }

  after(node: number): number {
    return this.#after[node] ?? this.#events.length;
  }

  offsetOf(node: number): number {
    return offsetOf(this.#events[node]);
  }

  isSequence(node: number): boolean {
    return this.#events[node]?.type === EVENT_ID.SEQUENCE;
  }

  /** Returns the items of a sequence; for a map, keys and values alternating. */
  items(node: number): readonly number[] {
    const known = this.#children.get(node);
    if (known !== undefined) return known;
    const children: number[] = [];
    const end = this.after(node) - 1;
    for (let child = node + 1; child < end; child = this.after(child)) children.push(child);
    this.#children.set(node, children);
    return children;
  }

  /** Returns the keys of a map; undefined for other nodes. */
  keys(node: number): Keys | undefined {
    if (this.#events[node]?.type !== EVENT_ID.MAPPING) return undefined;
    const known = this.#keys.get(node);
    if (known !== undefined) return known;
    const indexes = new Map<string, number>();
    let longest = 0;
    for (const [index, child] of this.items(node).entries()) {
      const event = this.#events[child];
      if (index % 2 === 1 || event?.type !== EVENT_ID.SCALAR) continue;
      const key = getScalarValue(this.#text, event);
      indexes.set(key, child);
      longest = Math.max(longest, key.length);
    }
    const keys = { indexes, longest };
    this.#keys.set(node, keys);
    return keys;
  }
}

/**
 * Returns the keys that a path can start with, each with the rest: `spec` in `spec.roleName` leaves `.roleName`. Longest first,
 * because keys can contain dots (`iam.instanceprofile.dev/reconcile-at`).
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
