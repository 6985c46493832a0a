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
