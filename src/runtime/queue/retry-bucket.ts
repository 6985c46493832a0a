import type { Clock } from "../clock.ts";

/** How many retries all keys together may have. */
export interface RetryRate {
  readonly perSecond: number;
  /** So many at once, after a quiet time. */
  readonly burst: number;
}

/** https://github.com/kubernetes/client-go/blob/master/util/workqueue/default_rate_limiters.go: 10 per second, 100 at once. */
const defaultRetryRate: RetryRate = { perSecond: 10, burst: 100 };

/**
 * Spreads the retries of all keys over time: when everything fails at once, as in an outage, the per-key delays alone would
 * bring everything back at once. Nobody is refused, only told to come later.
 */
export class RetryBucket {
  readonly #clock: Clock;
  readonly #rate: RetryRate;
  /** As it was at #atMs; below zero by the reservations that wait for their time. */
  #tokens: number;
  #atMs: number;

  constructor(clock: Clock, rate: RetryRate = defaultRetryRate) {
    this.#clock = clock;
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#atMs = clock.monotonicMs();
  }

  /** Takes the next place and says how long it is until then, ms. */
  reserveMs(): number {
    const nowMs = this.#clock.monotonicMs();
    const { perSecond, burst } = this.#rate;
    this.#tokens = Math.min(burst, this.#tokens + ((nowMs - this.#atMs) * perSecond) / 1_000) - 1;
    this.#atMs = nowMs;
    return Math.max(0, (-this.#tokens * 1_000) / perSecond);
  }
}
