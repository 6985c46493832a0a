import type { Clock } from "../clock.ts";

/** Rate limit of the retries of all keys. */
export interface RetryRate {
  readonly perSecond: number;
  /** Retries at once after an idle period. */
  readonly burst: number;
}

/** https://github.com/kubernetes/client-go/blob/master/util/workqueue/default_rate_limiters.go: 10 per second, 100 at once. */
const DEFAULT_RETRY_RATE: RetryRate = { perSecond: 10, burst: 100 };

/**
 * Spreads the retries of all keys over time: in an outage everything fails at once, and the per-key delays alone would bring
 * everything back at once. Never rejects a retry, only delays it.
 */
export class RetryBucket {
  readonly #clock: Clock;
  readonly #rate: RetryRate;
  /** Tokens as of #atMs; negative by the reservations that are still waiting. */
  #tokens: number;
  #atMs: number;

  constructor(clock: Clock, rate: RetryRate = DEFAULT_RETRY_RATE) {
    this.#clock = clock;
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#atMs = clock.monotonicMs();
  }

  /** Reserves the next slot and returns the time until then, ms. */
  reserveMs(): number {
    const nowMs = this.#clock.monotonicMs();
    const { perSecond, burst } = this.#rate;
    this.#tokens = Math.min(burst, this.#tokens + ((nowMs - this.#atMs) * perSecond) / 1_000) - 1;
    this.#atMs = nowMs;
    return Math.max(0, (-this.#tokens * 1_000) / perSecond);
  }
}
