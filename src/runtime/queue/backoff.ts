/** Delays after consecutive failures of one key. */
export interface BackoffPolicy {
  /** Delay after the first failure; doubles with each further one. */
  readonly baseMs: number;
  /** Maximum delay. */
  readonly capMs: number;
  /** Maximum share of the delay that is randomly subtracted, 0..1, so that keys that failed together spread out. */
  readonly jitter: number;
}

/** client-go's 5 ms minimum is too fast for IAM, and its 1000 s maximum too slow for a user who has just fixed the cause. */
export const DEFAULT_BACKOFF_POLICY: BackoffPolicy = { baseMs: 1_000, capMs: 300_000, jitter: 0.2 };

/**
 * Returns the delay after `failures` earlier failures: exponential up to the cap, shortened by up to the jitter. `random`
 * returns a number in [0, 1).
 */
export function backoffDelayMs(policy: BackoffPolicy, failures: number, random: () => number): number {
  // 2^1024 is Infinity, which min() turns into the cap: no counter can overflow this.
  const fullMs = Math.min(policy.capMs, policy.baseMs * 2 ** failures);
  return fullMs * (1 - policy.jitter * random());
}

/** Exponential backoff per key. A key uses memory only between its first failure and `forget`. */
export class KeyedBackoff {
  readonly #policy: BackoffPolicy;
  readonly #random: () => number;
  readonly #failures = new Map<string, number>();

  constructor(random: () => number, policy: BackoffPolicy = DEFAULT_BACKOFF_POLICY) {
    this.#policy = policy;
    this.#random = random;
  }

  /** Counts one more failure of the key and returns the delay, ms. */
  nextDelayMs(key: string): number {
    const failures = this.failuresOf(key);
    this.#failures.set(key, failures + 1);
    return backoffDelayMs(this.#policy, failures, this.#random);
  }

  /** Consecutive failures since the last `forget`. */
  failuresOf(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** Resets the key after a success or its deletion: its next failure starts at the base delay. */
  forget(key: string): void {
    this.#failures.delete(key);
  }
}
