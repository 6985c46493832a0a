import type { Clock } from "../clock.ts";

/** One point in time on both clocks. */
export interface Moment {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/** Returns the current time on both clocks. */
export function momentOf(clock: Clock): Moment {
  return { monotonicMs: clock.monotonicMs(), wallMs: clock.nowMs() };
}

/**
 * The time for which a held Lease is valid: the renew deadline, counted from when the request was sent. The server acted on it
 * later, and other processes observed it later still.
 */
export class Tenure {
  readonly #clock: Clock;
  readonly #renewDeadlineMs: number;
  #sent: Moment | undefined;

  constructor(clock: Clock, renewDeadlineMs: number) {
    this.#clock = clock;
    this.#renewDeadlineMs = renewDeadlineMs;
  }

  /** Records that a request sent at this time acquired or renewed the Lease. */
  renew(sent: Moment): void {
    this.#sent = sent;
  }

  /** Time since the last successful renewal was sent, ms; infinite before the first. */
  get ageMs(): number {
    return this.#sent === undefined ? Number.POSITIVE_INFINITY : this.#clock.monotonicMs() - this.#sent.monotonicMs;
  }

  /**
   * Whether the deadline has not passed, by either clock. The wall clock counts too because a virtual machine can be suspended
   * together with its monotonic clock; a wall clock set forward only pauses the writes until the next renewal.
   */
  get isValid(): boolean {
    if (this.#sent === undefined) return false;
    const wallAgeMs = this.#clock.nowMs() - this.#sent.wallMs;
    return Math.max(this.ageMs, wallAgeMs) < this.#renewDeadlineMs;
  }
}
