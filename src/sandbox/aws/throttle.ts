import type { BucketSize } from "./awkwardness.ts";

/** A token bucket per key, filled by the clock it is given. */
export class TokenBuckets {
  readonly #now: () => number;
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Takes a token; false when there is none. A bucket begins full. */
  take(key: string, size: BucketSize): boolean {
    const now = this.#now();
    const bucket = this.#buckets.get(key) ?? { tokens: size.burst, atMs: now };
    const refilled = bucket.tokens + ((now - bucket.atMs) / 1_000) * size.ratePerSecond;
    const tokens = Math.min(size.burst, refilled);
    const isTaken = tokens >= 1;
    this.#buckets.set(key, { tokens: isTaken ? tokens - 1 : tokens, atMs: now });
    return isTaken;
  }

  clear(): void {
    this.#buckets.clear();
  }
}
