/** The number of verifications of one object that are allowed without waiting for a refill. */
const BURST = 5;
/** The minimum time between two verifications of one object. The events of one burst of calls may arrive over a second. */
const MIN_INTERVAL_MS = 1_500;
/** The time after which one more verification of the object is allowed. */
const REFILL_MS = 60_000;

interface Allowance {
  readonly left: number;
  readonly atMs: number;
}

/**
 * Limits how often the events about one object cause a verification. If another client writes all the time, the object is verified once a
 * minute, not after each write. The limit delays a verification and never skips it.
 */
export class VerificationLimit {
  readonly #monotonicMs: () => number;
  /** Of the objects that were verified lately. */
  readonly #allowances = new Map<string, Allowance>();

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** How long the next verification must wait. */
  delayMs(key: string): number {
    const left = this.#leftOf(key);
    const sinceMs = this.#monotonicMs() - (this.#allowances.get(key)?.atMs ?? Number.NEGATIVE_INFINITY);
    const refillMs = left >= 1 ? 0 : Math.ceil((1 - left) * REFILL_MS);
    return Math.max(refillMs, MIN_INTERVAL_MS - sinceMs);
  }

  /** Counts a verification. */
  take(key: string): void {
    const left = Math.max(0, this.#leftOf(key) - 1);
    this.#allowances.delete(key);
    this.#allowances.set(key, { left, atMs: this.#monotonicMs() });
    this.#evictFull();
  }

  #leftOf(key: string): number {
    const known = this.#allowances.get(key);
    if (known === undefined) return BURST;
    return Math.min(BURST, known.left + (this.#monotonicMs() - known.atMs) / REFILL_MS);
  }

  #evictFull(): void {
    for (const [key, { atMs }] of this.#allowances) {
      if (this.#monotonicMs() - atMs < BURST * REFILL_MS) return;
      this.#allowances.delete(key);
    }
  }
}
