/** How long to wait after the n-th failure in a row of one key. */
export interface BackoffPolicy {
  /** Delay after the first failure; doubles with each further one. */
  readonly baseMs: number;
  /** No delay is longer. */
  readonly capMs: number;
  /** Share of the delay that chance may take away, 0..1, so that keys that failed together do not return together. */
  readonly jitter: number;
}

/** client-go starts at 5 ms, too eager for IAM, and ends at 1000 s, too late for a person who has just mended the cause. */
export const defaultBackoffPolicy: BackoffPolicy = { baseMs: 1_000, capMs: 300_000, jitter: 0.2 };

/**
 * The delay after `failures` earlier failures: exponential, never above the cap, shortened by up to the jitter.
 * `random` returns a number in [0, 1).
 */
export function backoffDelayMs(policy: BackoffPolicy, failures: number, random: () => number): number {
  // 2^1024 is Infinity, which min() turns into the cap: no counter can overflow this.
  const fullMs = Math.min(policy.capMs, policy.baseMs * 2 ** failures);
  return fullMs * (1 - policy.jitter * random());
}

/** Exponential delay per key. A key costs memory only between its first failure and `forget`. */
export class KeyedBackoff {
  readonly #policy: BackoffPolicy;
  readonly #random: () => number;
  readonly #failures = new Map<string, number>();

  constructor(random: () => number, policy: BackoffPolicy = defaultBackoffPolicy) {
    this.#policy = policy;
    this.#random = random;
  }

  /** Counts one more failure of the key and says how long to wait, ms. */
  nextDelayMs(key: string): number {
    const failures = this.failuresOf(key);
    this.#failures.set(key, failures + 1);
    return backoffDelayMs(this.#policy, failures, this.#random);
  }

  /** Failures in a row since the last `forget`. */
  failuresOf(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The key succeeded, or is gone: its next failure starts at the base again. */
  forget(key: string): void {
    this.#failures.delete(key);
  }
}
