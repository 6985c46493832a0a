import type { KubeObject } from "../../engine/ports.ts";
import { isRewound } from "../../runtime/watch/resource-version.ts";

/** The last written version of an object, and the versions that the controller's writes replaced. */
interface OwnMutation {
  readonly replaced: ReadonlySet<string>;
  readonly latest: KubeObject;
  readonly atMs: number;
}

/**
 * How long a written version overrides the cache. If the cache still shows a replaced version after that, the API
 * server was probably restored from a backup, and the cache is right.
 */
const MAX_AGE_MS = 60_000;

/**
 * A cache of the controller's own writes to the API server. The watch shows a write some time after the reply; a
 * reconcile in between would start from the old version and write again. So the reply overrides the watch's cache while
 * that shows a version that is known to be replaced, for at most a minute.
 */
export class MutationCache {
  readonly #monotonicMs: () => number;
  readonly #onRewound: (from: string, to: string) => void;
  readonly #writes = new Map<string, OwnMutation>();

  /** @param onRewound called when a reply is older than the version that it replaced, so that etcd was restored */
  constructor(monotonicMs: () => number, onRewound: (from: string, to: string) => void = () => {}) {
    this.#monotonicMs = monotonicMs;
    this.#onRewound = onRewound;
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
      this.#onRewound(from, to);
      return;
    }
    const replaced = new Set(this.#writes.get(key)?.replaced).add(from);
    this.#writes.set(key, { replaced, latest, atMs: this.#monotonicMs() });
  }

  /** The newer of the cached version and the last written version. */
  newest(key: string, cached: KubeObject | undefined): KubeObject | undefined {
    const known = this.#writes.get(key);
    if (known === undefined) return cached;
    const isRecent = this.#monotonicMs() - known.atMs < MAX_AGE_MS;
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
