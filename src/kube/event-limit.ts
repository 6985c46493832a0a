import type { ObjectReference } from "../engine/ports.ts";
import { LruMap } from "../model/lru-map.ts";

/** client-go's spam filter: https://github.com/kubernetes/client-go/blob/master/tools/record/events_cache.go */
const burst = 25;
const refillMs = 300_000;
const maxObjects = 4_096;

/** `tokens` as they were at `atMs`. */
interface Bucket {
  tokens: number;
  atMs: number;
}

/**
 * How many events one object may have: 25 at once, then one in five minutes. An object that fails in a new way each time
 * can then fill neither etcd nor the screen of whoever looks at it, and takes nothing from other objects.
 *
 * The 4,096 objects of which something was said last are remembered; any other starts with a full bucket.
 */
export class EventLimit {
  readonly #buckets = new LruMap<Bucket>(maxObjects);

  /** Takes one event of the object's budget; false: it has none left. `nowMs` is monotonic. */
  take(regarding: ObjectReference, nowMs: number): boolean {
    const { apiVersion, kind, namespace, name, uid } = regarding;
    const key = [apiVersion, kind, namespace, name, uid].join("/");
    const bucket = this.#buckets.get(key) ?? { tokens: burst, atMs: nowMs };
    bucket.tokens = Math.min(burst, bucket.tokens + (nowMs - bucket.atMs) / refillMs);
    bucket.atMs = nowMs;
    this.#buckets.set(key, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}
