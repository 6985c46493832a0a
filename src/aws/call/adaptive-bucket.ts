/** Capacity of a bucket, in seconds of its rate: one object's writes, or two objects' reads, need not wait. */
export const BURST_SECONDS = 2;
/** Factor for the rate after a throttled call. Halving it, as TCP does, would waste a quarter of the allowed rate. */
const DECREASE = 0.7;
/** Share of the full rate that is regained per second without throttling: from none to all within 50 s. */
const INCREASE_PER_SECOND = 0.02;
/** Minimum share of the full rate, so that the bucket notices the end of throttling. */
const MIN_RATE_SHARE = 0.01;

/**
 * A token bucket whose rate adapts to throttling: additive increase, multiplicative decrease.
 *
 * The account's real limits are unknown and shared with other clients, so the configured rate is only an upper bound. Times
 * are monotonic ms and never go back.
 */
export class AdaptiveBucket {
  readonly #fullPerSecond: number;
  readonly #burstSeconds: number;
  #perSecond: number;
  #tokens: number;
  #atMs: number;
  #slowedAtMs = Number.NEGATIVE_INFINITY;
  #closedUntilMs = Number.NEGATIVE_INFINITY;

  /** @param burstSeconds capacity in seconds of the rate */
  constructor(fullPerSecond: number, nowMs: number, burstSeconds: number = BURST_SECONDS) {
    this.#fullPerSecond = fullPerSecond;
    this.#burstSeconds = burstSeconds;
    this.#perSecond = fullPerSecond;
    this.#tokens = this.#capacity();
    this.#atMs = nowMs;
  }

  /** Returns the current rate. */
  perSecond(nowMs: number): number {
    this.#refill(nowMs);
    return this.#perSecond;
  }

  /** Returns the time until a token is available; 0 if one is. */
  waitMs(nowMs: number): number {
    this.#refill(nowMs);
    const missing = 1 - this.#tokens;
    const fillMs = missing <= 0 ? 0 : Math.ceil((missing / this.#perSecond) * 1_000);
    return Math.max(fillMs, this.#closedUntilMs - nowMs, 0);
  }

  /** Takes a token; returns false if none is available. */
  take(nowMs: number): boolean {
    if (this.waitMs(nowMs) > 0) return false;
    this.#tokens -= 1;
    return true;
  }

  /**
   * Reduces the rate after a throttled call that was sent at `sentAtMs`. Of calls in flight at the same time only one counts,
   * because all report the same moment.
   *
   * @param retryAfterMs the pause that the service requested
   */
  slowDown(sentAtMs: number, nowMs: number, retryAfterMs = 0): void {
    this.#refill(nowMs);
    this.#closedUntilMs = Math.max(this.#closedUntilMs, nowMs + retryAfterMs);
    this.#tokens = Math.min(this.#tokens, 0);
    if (sentAtMs < this.#slowedAtMs) return;
    this.#slowedAtMs = nowMs;
    this.#perSecond = Math.max(this.#perSecond * DECREASE, this.#fullPerSecond * MIN_RATE_SHARE);
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

  /** Room for at least one token, at any rate. */
  #capacity(): number {
    return Math.max(1, this.#perSecond * this.#burstSeconds);
  }
}
