import type { Clock } from "../clock.ts";
import { CAMPAIGN_JITTER, type ElectionTimings } from "./leader-election-timings.ts";

/**
 * Detects an election that is stuck in a live process: a leader that does not renew, a candidate that no longer tries. For the
 * liveness probe, like client-go's HealthzAdaptor. Healthy until the first attempt.
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

  /** Records the start of an attempt to acquire or renew the Lease. */
  attempted(): void {
    this.#attemptedMs = this.#clock.monotonicMs();
  }

  /** Returns the fault, if there is one. `renewedAgoMs` is the time since a leader's last renewal; undefined for a candidate. */
  faultOf(renewedAgoMs: number | undefined): string | undefined {
    if (this.#attemptedMs === undefined) return undefined;
    const { leaseDurationMs, retryPeriodMs } = this.#timings;
    if (renewedAgoMs !== undefined && renewedAgoMs > leaseDurationMs) {
      return `the Lease ${this.#lease} was not renewed in time`;
    }
    // The longest interval between two attempts, plus the time that candidates wait for the leader.
    const longestMs = retryPeriodMs * (1 + CAMPAIGN_JITTER) + leaseDurationMs;
    const isStuck = this.#clock.monotonicMs() - this.#attemptedMs > longestMs;
    return isStuck ? `the election for the Lease ${this.#lease} makes no progress` : undefined;
  }
}
