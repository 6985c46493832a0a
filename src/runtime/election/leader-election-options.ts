import { RetryableError } from "../../errors.ts";
import type { Logger } from "../../telemetry.ts";
import type { Clock } from "../clock.ts";
import type { LeaseLock } from "./leader-election-lock.ts";

/** Observer of an election, for metrics. Called synchronously; must not throw. */
export interface ElectionObserver {
  /** Called at the start (false) and at every change. */
  leading?(isLeading: boolean): void;
  /** Called when the leader's write at the last known version failed and it had to read the Lease first. */
  slowPath?(): void;
}

/** Dependencies of a LeaderElector. */
export interface LeaderElectorOptions {
  readonly lock: LeaseLock;
  /** Unique among all processes ever: `hostname_uuid`. */
  readonly identity: string;
  readonly clock: Clock;
  /** Returns a number in [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  readonly timings?: ElectionTimings;
  readonly observer?: ElectionObserver;
  /** Why the holder of this identity must not share the Lease with this process; undefined if it may. Default: each may. */
  readonly conflictWith?: (holder: string) => string | undefined;
}

/** This process was the leader and lost the Lease. It must exit, because its state in memory is that of a leader. */
export class LeadershipLostError extends Error {
  constructor(why: string) {
    super(`Leadership lost: ${why}`);
    this.name = "LeadershipLostError";
  }
}

/** A write was attempted by a process that is not the leader, or no longer certain to be. */
export class NotLeadingError extends RetryableError {
  constructor(lease: string) {
    super(`Nothing was written: this process does not hold the Lease ${lease}`, { reason: "NotLeading" });
  }
}

/** Timings of leader election; the names are client-go's. */
export interface ElectionTimings {
  /** How long candidates wait after the last change of the Lease. Whole seconds: the Lease object has no finer unit. */
  readonly leaseDurationMs: number;
  /** After this time without a renewal a leader loses leadership. */
  readonly renewDeadlineMs: number;
  /** Interval between two attempts of a leader; candidates wait up to 2.2 times as long. */
  readonly retryPeriodMs: number;
}

/** https://github.com/kubernetes-sigs/controller-runtime/blob/main/pkg/manager/internal.go: 15 s, 10 s, 2 s. */
export const DEFAULT_ELECTION_TIMINGS: ElectionTimings = {
  leaseDurationMs: 15_000,
  renewDeadlineMs: 10_000,
  retryPeriodMs: 2_000,
};

/** Factor of the random extension of a candidate's wait, so that candidates that started together spread out. */
export const CAMPAIGN_JITTER = 1.2;

/**
 * Validates the timings; returns a message if they cannot work.
 *
 * The leader must stop writing (renewDeadline) before the next one can start (leaseDuration): the difference is the margin for
 * clocks of different speed and for writes in flight.
 */
export function timingsFault({ leaseDurationMs, renewDeadlineMs, retryPeriodMs }: ElectionTimings): string | undefined {
  if (!(leaseDurationMs >= 1_000 && leaseDurationMs % 1_000 === 0)) {
    return `the lease duration must be whole seconds, at least 1 s; it is ${leaseDurationMs} ms`;
  }
  if (!(retryPeriodMs > 0)) return `the retry period must be longer than 0; it is ${retryPeriodMs} ms`;
  if (!(leaseDurationMs > renewDeadlineMs)) {
    return `the lease duration (${leaseDurationMs} ms) must be longer than the renew deadline (${renewDeadlineMs} ms)`;
  }
  if (!(renewDeadlineMs > retryPeriodMs * CAMPAIGN_JITTER)) {
    return `the renew deadline (${renewDeadlineMs} ms) must be longer than ${CAMPAIGN_JITTER} retry periods (${retryPeriodMs} ms each)`;
  }
  return undefined;
}

/** Returns the time limit of one attempt, so that a dead connection leaves time for another one before the renew deadline. */
export function attemptTimeoutMs(timings: ElectionTimings): number {
  return timings.renewDeadlineMs / 2;
}
