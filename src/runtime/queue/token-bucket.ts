import type { Clock } from "../clock.ts";

/** How much passes, on average and at once. */
export interface TokenRate {
  readonly perSecond: number;
  /** At once after an idle period. */
  readonly burst: number;
}

/** Spreads work over time: it rejects nothing, and gives each piece the next free slot. */
export class TokenBucket {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #rate: TokenRate;
  /** Tokens as of #atMs; negative by the reservations that are still waiting. */
  #tokens: number;
  #atMs: number;

  constructor(clock: Pick<Clock, "monotonicMs">, rate: TokenRate) {
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
