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
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #rate: RetryRate;
  /** Tokens as of #atMs; negative by the reservations that are still waiting. */
  #tokens: number;
  #atMs: number;

  constructor(clock: Pick<Clock, "monotonicMs">, rate: RetryRate = DEFAULT_RETRY_RATE) {
    this.#clock = clock;
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#atMs = clock.monotonicMs();
  }

  /** The number of reservations whose slot is still to come; a fraction of one that is nearly due. */
  get waiting(): number {
    this.#refill();
    return Math.max(0, -this.#tokens);
  }

  /** Reserves the next slot and returns the time until then, ms. */
  reserveMs(): number {
    this.#refill();
    this.#tokens -= 1;
    return Math.max(0, (-this.#tokens * 1_000) / this.#rate.perSecond);
  }

  #refill(): void {
    const nowMs = this.#clock.monotonicMs();
    const { perSecond, burst } = this.#rate;
    this.#tokens = Math.min(burst, this.#tokens + ((nowMs - this.#atMs) * perSecond) / 1_000);
    this.#atMs = nowMs;
  }
}
