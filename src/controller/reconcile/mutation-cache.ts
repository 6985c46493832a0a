import type { KubeObject } from "../../engine/ports.ts";
import { isRewound } from "../../runtime/watch/list-watch.ts";

/** The last written version of an object, and the versions that the controller's writes replaced. */
interface OwnMutation {
  readonly replaced: ReadonlySet<string>;
  readonly latest: KubeObject;
  readonly atMs: number;
}

/** How long a written version overrides the cache, which shows it long before. */
const MAX_AGE_MS = 60_000;

/** What the mutation cache must know of the cache that lags behind it. */
export interface WatchedCache {
  /** The start of its last complete list. */
  readonly listedMs: number;
  /** Lists again: a reply is older than the version that it replaced, so that etcd was restored. */
  relist(from: string, to: string): void;
}

/**
 * A cache of the controller's own writes to the API server. The watch shows a write some time after the reply; a
 * reconcile in between would start from the old version and write again. So the reply overrides the watch's cache while
 * that shows a version that is known to be replaced, for at most a minute. A list that began after the reply has the write:
 * if the cache still shows a replaced version then, etcd was restored from a backup, and the cache is right.
 */
export class MutationCache {
  readonly #monotonicMs: () => number;
  readonly #watched: WatchedCache;
  readonly #writes = new Map<string, OwnMutation>();

  constructor(monotonicMs: () => number, watched: WatchedCache = { listedMs: Number.NEGATIVE_INFINITY, relist() {} }) {
    this.#monotonicMs = monotonicMs;
    this.#watched = watched;
  }

  /** The number of objects with a recorded write. */
  get size(): number {
    return this.#writes.size;
  }

  /** Records the reply to a write that replaced `previous`. */
  record(key: string, previous: KubeObject, latest: KubeObject): void {
    const [from, to] = [resourceVersionOf(previous), resourceVersionOf(latest)];
    if (to === from) return;
    if (isRewound(from, to)) {
      this.#watched.relist(from, to);
      return;
    }
    const replaced = new Set(this.#writes.get(key)?.replaced).add(from);
    this.#writes.set(key, { replaced, latest, atMs: this.#monotonicMs() });
  }

  /** The newer of the cached version and the last written version. */
  newest(key: string, cached: KubeObject | undefined): KubeObject | undefined {
    const known = this.#writes.get(key);
    if (known === undefined) return cached;
    const isRecent = this.#monotonicMs() - known.atMs < MAX_AGE_MS && known.atMs >= this.#watched.listedMs;
    if (cached !== undefined && isRecent && known.replaced.has(resourceVersionOf(cached))) return known.latest;
    this.#writes.delete(key);
    return cached;
  }
}

/** The resource version of an object. */
function resourceVersionOf(object: KubeObject): string {
  const metadata = object["metadata"] as { readonly resourceVersion?: string } | undefined;
  return metadata?.resourceVersion ?? "";
}
