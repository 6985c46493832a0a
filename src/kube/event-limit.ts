import type { ObjectReference } from "../engine/ports.ts";
import { LruMap } from "../model/lru-map.ts";

/** client-go's spam filter: https://github.com/kubernetes/client-go/blob/master/tools/record/events_cache.go */
const burst = 25;
const REFILL_MS = 300_000;
const maxObjects = 4_096;

/** A token bucket: `tokens` as of `atMs`. */
interface Bucket {
  tokens: number;
  atMs: number;
}

/**
 * Limits the Events of each object: 25 at once, then one in five minutes. An object whose failures vary can then fill neither
 * etcd nor the output of kubectl, and does not use up the budget of other objects.
 *
 * Remembers the 4,096 objects with the latest Events; any other object starts with a full bucket.
 */
export class EventLimit {
  readonly #buckets = new LruMap<Bucket>(maxObjects);

  /** Takes one Event from the object's budget; returns false if it is used up. `nowMs` is monotonic. */
  take(regarding: ObjectReference, nowMs: number): boolean {
    const { apiVersion, kind, namespace, name, uid } = regarding;
    const key = [apiVersion, kind, namespace, name, uid].join("/");
    const bucket = this.#buckets.get(key) ?? { tokens: burst, atMs: nowMs };
    bucket.tokens = Math.min(burst, bucket.tokens + (nowMs - bucket.atMs) / REFILL_MS);
    bucket.atMs = nowMs;
    this.#buckets.set(key, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}
