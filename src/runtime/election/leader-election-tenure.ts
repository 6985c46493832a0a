import type { Clock } from "../clock.ts";

/** A moment by both clocks. */
export interface Moment {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/** Now, by both clocks. */
export function momentOf(clock: Clock): Moment {
  return { monotonicMs: clock.monotonicMs(), wallMs: clock.nowMs() };
}

/**
 * How long a lease that was made ours is good for: the renew deadline, counted from when the request was sent. The server
 * acted on it later than that, and others saw it later still.
 */
export class Tenure {
  readonly #clock: Clock;
  readonly #renewDeadlineMs: number;
  #sent: Moment | undefined;

  constructor(clock: Clock, renewDeadlineMs: number) {
    this.#clock = clock;
    this.#renewDeadlineMs = renewDeadlineMs;
  }

  /** A request that was sent then has made the lease ours. */
  renew(sent: Moment): void {
    this.#sent = sent;
  }

  /** Since the last renewal was sent, ms; infinite before the first. */
  get ageMs(): number {
    return this.#sent === undefined ? Number.POSITIVE_INFINITY : this.#clock.monotonicMs() - this.#sent.monotonicMs;
  }

  /**
   * The deadline has not passed, by either clock. The wall clock counts too because a virtual machine may be suspended with
   * its monotonic clock; one that is set forward costs no more than a pause until the next renewal.
   */
  get isGood(): boolean {
    if (this.#sent === undefined) return false;
    const wallAgeMs = this.#clock.nowMs() - this.#sent.wallMs;
    return Math.max(this.ageMs, wallAgeMs) < this.#renewDeadlineMs;
  }
}
