import type { Clock } from "../clock.ts";
import { CAMPAIGN_JITTER, type ElectionTimings } from "./leader-election-options.ts";

/** How long attempts can fail before the process is not ready: longer than an API server restarts. */
const UNREADY_AFTER_MS = 60_000;

/**
 * Detects an election that is stuck in a live process: a leader that does not renew, a candidate that no longer tries. For the
 * liveness probe, like client-go's HealthzAdaptor. Healthy until the first attempt.
 */
export class ElectionWatchdog {
  readonly #lease: string;
  readonly #clock: Clock;
  readonly #timings: ElectionTimings;
  #attemptedMs: number | undefined;
  #failingSinceMs: number | undefined;

  constructor(lease: string, clock: Clock, timings: ElectionTimings) {
    this.#lease = lease;
    this.#clock = clock;
    this.#timings = timings;
  }

  /** Records the start of an attempt to acquire or renew the Lease. */
  attempted(): void {
    this.#attemptedMs = this.#clock.monotonicMs();
  }

  /** Records that the store responded to an attempt. */
  answered(): void {
    this.#failingSinceMs = undefined;
  }

  /** Records a failed attempt. */
  failed(): void {
    this.#failingSinceMs ??= this.#clock.monotonicMs();
  }

  /** Why the Lease has not been accessible for a minute, if so. */
  get accessFault(): string | undefined {
    if (this.#failingSinceMs === undefined) return undefined;
    const failingMs = this.#clock.monotonicMs() - this.#failingSinceMs;
    if (failingMs < UNREADY_AFTER_MS) return undefined;
    return `the Lease ${this.#lease} could not be read or written for ${Math.round(failingMs / 1_000)} s; the log says why`;
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
