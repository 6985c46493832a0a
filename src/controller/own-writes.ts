import type { KubeObject } from "../engine/ports.ts";

/** One object as our last write left it, and the versions that our writes replaced. */
interface OwnWrite {
  readonly replaced: ReadonlySet<string>;
  readonly latest: KubeObject;
}

/**
 * Reading one's own writes. The cache hears of a write through the watch, some time after the reply; a reconcile in between
 * would decide from the version before the write and write the same again. So the reply stands in for the cache for as long
 * as the cache still shows a version that we know to be replaced.
 */
export class OwnWrites {
  readonly #writes = new Map<string, OwnWrite>();

  /** Remembers the reply to a write that replaced `previous`. */
  record(key: string, previous: KubeObject, latest: KubeObject): void {
    const known = this.#writes.get(key);
    const replaced = new Set(known?.replaced);
    replaced.add(resourceVersionOf(previous));
    if (resourceVersionOf(latest) !== resourceVersionOf(previous)) this.#writes.set(key, { replaced, latest });
  }

  /** The newer of the two: what the cache has, or what our last write answered. */
  newest(key: string, cached: KubeObject | undefined): KubeObject | undefined {
    const known = this.#writes.get(key);
    if (known === undefined) return cached;
    if (cached !== undefined && known.replaced.has(resourceVersionOf(cached))) return known.latest;
    this.#writes.delete(key);
    return cached;
  }
}

/** Compared for equality only: it is opaque. */
function resourceVersionOf(object: KubeObject): string {
  const metadata = object["metadata"] as { readonly resourceVersion?: string } | undefined;
  return metadata?.resourceVersion ?? "";
}
