import type { KubeObject } from "../../engine/ports.ts";

/** One object as our last write left it, and the versions that our writes replaced. */
interface OwnMutation {
  readonly replaced: ReadonlySet<string>;
  readonly latest: KubeObject;
  readonly atMs: number;
}

/**
 * A watch that is later than this has lost its place, or the API server was set back to a backup, where a version that we
 * replaced is the present one. Then what the cache shows is the better guess.
 */
const BELIEVED_MS = 60_000;

/**
 * Reading one's own writes. The cache hears of a write through the watch, some time after the reply; a reconcile in between
 * would decide from the version before the write and write the same again. So the reply stands in for the cache for as long
 * as the cache still shows a version that we know to be replaced, but not for ever.
 */
export class MutationCache {
  readonly #monotonicMs: () => number;
  readonly #writes = new Map<string, OwnMutation>();

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** How many objects have a write remembered. */
  get size(): number {
    return this.#writes.size;
  }

  /** Remembers the reply to a write that replaced `previous`. */
  record(key: string, previous: KubeObject, latest: KubeObject): void {
    if (resourceVersionOf(latest) === resourceVersionOf(previous)) return;
    const replaced = new Set(this.#writes.get(key)?.replaced).add(resourceVersionOf(previous));
    this.#writes.set(key, { replaced, latest, atMs: this.#monotonicMs() });
  }

  /** The newer of the two: what the cache has, or what our last write answered. */
  newest(key: string, cached: KubeObject | undefined): KubeObject | undefined {
    const known = this.#writes.get(key);
    if (known === undefined) return cached;
    const isBelieved = this.#monotonicMs() - known.atMs < BELIEVED_MS;
    if (cached !== undefined && isBelieved && known.replaced.has(resourceVersionOf(cached))) return known.latest;
    this.#writes.delete(key);
    return cached;
  }
}

/** Compared for equality only: it is opaque. */
function resourceVersionOf(object: KubeObject): string {
  const metadata = object["metadata"] as { readonly resourceVersion?: string } | undefined;
  return metadata?.resourceVersion ?? "";
}
