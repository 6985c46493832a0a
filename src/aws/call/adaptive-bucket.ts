/** A full bucket holds so many seconds' worth of calls: one object's writes, or two objects' reads, need not wait. */
export const BURST_SECONDS = 2;
/** What is left of the rate when the other side throttles. Halving it, as TCP does, would waste a quarter of what is allowed. */
const DECREASE = 0.7;
/** Share of the full rate that comes back per second without throttling: all of it, from nothing, within 50 s. */
const INCREASE_PER_SECOND = 0.02;
/** Never slower than this share of the full rate, so that an end of the trouble is noticed. */
const LEAST_SHARE = 0.01;

/**
 * A token bucket whose rate follows what the other side allows: additive increase, multiplicative decrease.
 *
 * The account's real limits are unknown and shared with everybody else in it, so the configured rate is only the most that
 * is ever asked for. Times are monotonic ms and never go back.
 */
export class AdaptiveBucket {
  readonly #fullPerSecond: number;
  readonly #burstSeconds: number;
  #perSecond: number;
  #tokens: number;
  #atMs: number;
  #slowedAtMs = Number.NEGATIVE_INFINITY;
  #closedUntilMs = Number.NEGATIVE_INFINITY;

  /** @param burstSeconds how many seconds' worth of calls it saves up while nobody calls */
  constructor(fullPerSecond: number, nowMs: number, burstSeconds: number = BURST_SECONDS) {
    this.#fullPerSecond = fullPerSecond;
    this.#burstSeconds = burstSeconds;
    this.#perSecond = fullPerSecond;
    this.#tokens = this.#capacity();
    this.#atMs = nowMs;
  }

  /** Calls per second at present. */
  perSecond(nowMs: number): number {
    this.#refill(nowMs);
    return this.#perSecond;
  }

  /** How long until there is a token; 0 when there is one. */
  waitMs(nowMs: number): number {
    this.#refill(nowMs);
    const missing = 1 - this.#tokens;
    const fillMs = missing <= 0 ? 0 : Math.ceil((missing / this.#perSecond) * 1_000);
    return Math.max(fillMs, this.#closedUntilMs - nowMs, 0);
  }

  /** Takes a token; false when there is none. */
  take(nowMs: number): boolean {
    if (this.waitMs(nowMs) > 0) return false;
    this.#tokens -= 1;
    return true;
  }

  /**
   * The other side throttled a call that was sent at `sentAtMs`. Of calls that were under way together, one counts: they
   * all tell of the same moment.
   *
   * @param retryAfterMs the pause that was asked for
   */
  slowDown(sentAtMs: number, nowMs: number, retryAfterMs = 0): void {
    this.#refill(nowMs);
    this.#closedUntilMs = Math.max(this.#closedUntilMs, nowMs + retryAfterMs);
    this.#tokens = Math.min(this.#tokens, 0);
    if (sentAtMs < this.#slowedAtMs) return;
    this.#slowedAtMs = nowMs;
    this.#perSecond = Math.max(this.#perSecond * DECREASE, this.#fullPerSecond * LEAST_SHARE);
  }

  #refill(nowMs: number): void {
    const seconds = (nowMs - this.#atMs) / 1_000;
    if (seconds <= 0) return;
    this.#atMs = nowMs;
    const before = this.#perSecond;
    this.#perSecond = Math.min(this.#fullPerSecond, before + this.#fullPerSecond * INCREASE_PER_SECOND * seconds);
    const earned = ((before + this.#perSecond) / 2) * seconds;
    this.#tokens = Math.min(this.#capacity(), this.#tokens + earned);
  }

  /** At least one token fits, however slow the rate. */
  #capacity(): number {
    return Math.max(1, this.#perSecond * this.#burstSeconds);
  }
}
