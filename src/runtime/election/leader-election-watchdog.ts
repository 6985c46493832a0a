import type { Clock } from "../clock.ts";
import { CAMPAIGN_JITTER, type ElectionTimings } from "./leader-election-timings.ts";

/**
 * Notices an election that no longer moves although its process lives: a leader that does not renew, a candidate that no
 * longer tries. For the liveness probe, as client-go's HealthzAdaptor. Silent until the first attempt.
 */
export class ElectionWatchdog {
  readonly #lease: string;
  readonly #clock: Clock;
  readonly #timings: ElectionTimings;
  #attemptedMs: number | undefined;

  constructor(lease: string, clock: Clock, timings: ElectionTimings) {
    this.#lease = lease;
    this.#clock = clock;
    this.#timings = timings;
  }

  /** An attempt to get or keep the lease begins, whatever comes of it. */
  attempted(): void {
    this.#attemptedMs = this.#clock.monotonicMs();
  }

  /** What is wrong, if anything is. `renewedAgoMs` is a leader's time since its last good renewal; undefined of a candidate. */
  faultOf(renewedAgoMs: number | undefined): string | undefined {
    if (this.#attemptedMs === undefined) return undefined;
    const { leaseDurationMs, retryPeriodMs } = this.#timings;
    if (renewedAgoMs !== undefined && renewedAgoMs > leaseDurationMs) {
      return `the lease ${this.#lease} was not renewed in time`;
    }
    // The longest pause between two attempts, and as much patience as others have with the leader.
    const longestMs = retryPeriodMs * (1 + CAMPAIGN_JITTER) + leaseDurationMs;
    const isStill = this.#clock.monotonicMs() - this.#attemptedMs > longestMs;
    return isStill ? `the election on the lease ${this.#lease} stands still` : undefined;
  }
}
