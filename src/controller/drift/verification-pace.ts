import type { Clock } from "../../runtime/clock.ts";

/** So many verifications of one account may start at once. */
const BURST = 200;
/** After these, one may start in this time: about half of the reads that the controller sends at its default rate. */
const INTERVAL_MS = 1_000;
/** Of more, scans and resyncs read the objects as soon. */
const MAX_WAITING = 300;

/**
 * Limits the verifications of all objects of one account together: a tool that tags every role, or a tenant with many objects, must not
 * put off what users wait for.
 */
export class VerificationPace {
  readonly #clock: Pick<Clock, "monotonicMs">;
  /** As of #atMs; negative by the verifications that wait. */
  #left = BURST;
  #atMs: number;

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
    this.#atMs = clock.monotonicMs();
  }

  /** Reserves the next slot and returns the time until then, ms; undefined when too many wait. */
  reserveMs(): number | undefined {
    const nowMs = this.#clock.monotonicMs();
    this.#left = Math.min(BURST, this.#left + (nowMs - this.#atMs) / INTERVAL_MS);
    this.#atMs = nowMs;
    if (this.#left - 1 < -MAX_WAITING) return undefined;
    this.#left -= 1;
    return Math.max(0, -this.#left * INTERVAL_MS);
  }
}
