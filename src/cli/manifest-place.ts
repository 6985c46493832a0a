import { isMap, isNode, isScalar, isSeq, type LineCounter, type Node, type ParsedNode } from "yaml";

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
  // The longest key wins: keys have dots themselves (`iam.instanceprofile.dev/reconcile-at`).
  const found = node.items
    .flatMap((pair) => {
      const key = isScalar(pair.key) ? String(pair.key.value) : undefined;
      const rest = key === undefined ? undefined : restAfter(key, path);
      return key === undefined || rest === undefined ? [] : [{ pair, key, rest }];
    })
    .reduce<{ pair: (typeof node.items)[number]; key: string; rest: string } | undefined>(
      (best, candidate) => (best === undefined || candidate.key.length > best.key.length ? candidate : best),
      undefined,
    );
  return found === undefined ? undefined : step(found.pair.value, found.pair.key as Node, found.rest);
}

function step(node: unknown, at: Node, rest: string): Step {
  return { node, offset: at.range?.[0] ?? 0, rest };
}

/** What follows a key in a path: `spec` in `spec.roleName` leaves `.roleName`. Undefined when the path leads elsewhere. */
function restAfter(key: string, path: string): string | undefined {
  if (path.startsWith(`[${key}]`)) return path.slice(key.length + 2);
  const plain = path.replace(/^\./, "");
  if (!plain.startsWith(key)) return undefined;
  const rest = plain.slice(key.length);
  return rest === "" || rest.startsWith(".") || rest.startsWith("[") ? rest : undefined;
}
