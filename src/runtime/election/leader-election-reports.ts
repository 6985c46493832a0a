import type { Logger } from "../../telemetry.ts";
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

/** Logs an election in the words of client-go: each new state once, and each failed attempt. */
export class ElectionLog {
  readonly #logger: Logger;
  readonly #identity: string;
  #holder: string | undefined;
  #failures = 0;

  readonly #conflictWith: (holder: string) => string | undefined;

  constructor(logger: Logger, lease: string, identity: string, conflictWith: (holder: string) => string | undefined) {
    this.#logger = logger.with({ lease, identity });
    this.#identity = identity;
    this.#conflictWith = conflictWith;
  }

  campaigning(): void {
    this.#logger.info("attempting to acquire leader lease");
  }

  elected(): void {
    this.#logger.info("successfully acquired lease");
  }

  lost(error: Error): void {
    this.#logger.error("leader election lost", { err: error });
  }

  released(): void {
    this.#logger.info("released lease");
  }

  notReleased(error: unknown): void {
    this.#logger.warn("failed to release lease; a standby can acquire it when it expires", { err: error });
  }

  /** Logs a successful request. */
  answered(holder: string): void {
    if (this.#failures > 0) this.#logger.info("The Lease is accessible again", { attempts: this.#failures });
    this.#failures = 0;
    if (holder !== this.#holder && holder !== "" && holder !== this.#identity) {
      this.#logger.info("new leader elected", { holder });
      const conflict = this.#conflictWith(holder);
      if (conflict !== undefined) this.#logger.error(conflict, { holder });
    }
    this.#holder = holder;
  }

  /** Logs a failed attempt. */
  failed(error: unknown): void {
    this.#failures += 1;
    this.#logger.warn("Failed to read or write the Lease", { err: error, attempts: this.#failures });
  }
}
