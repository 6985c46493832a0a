import { EVENT_ID, type Event, getScalarValue } from "js-yaml";
import { offsetOf } from "./yaml-events.ts";

/** A field of a document of a text. */
export interface DocumentField {
  /** Which document, from 0. */
  readonly document: number;
  /** As the API server gives it: `spec.statements[0].tags[a.b]`. */
  readonly path: string;
}

/**
 * Where fields stand in a text. A field that is missing, or a path that is not valid, is found at the nearest thing around it that is
 * there.
 */
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
  /** The key where there is one: that is what a user looks for. */
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

/** The tree that a list of events stands for; a node is the index of its first event. */
class EventTree {
  /** Of each document. */
  readonly roots: readonly number[];
  readonly #events: readonly Event[];
  readonly #text: string;
  /** For each node, the index of what comes after all of it. */
  readonly #after: Int32Array;
  /** Many paths lead into one collection, and it may have tens of thousands of nodes. */
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

  /** The items of a sequence; of a map its keys and values in turn. */
  items(node: number): readonly number[] {
    const known = this.#children.get(node);
    if (known !== undefined) return known;
    const children: number[] = [];
    const end = this.after(node) - 1;
    for (let child = node + 1; child < end; child = this.after(child)) children.push(child);
    this.#children.set(node, children);
    return children;
  }

  /** Undefined for what is not a map. */
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
