/** How long leadership lasts and how soon it changes hands; the names are client-go's. */
export interface ElectionTimings {
  /** Candidates leave a lease alone for so long after its last change. Whole seconds: the Lease object has no finer unit. */
  readonly leaseDurationMs: number;
  /** A leader that has not renewed for so long leads no more. */
  readonly renewDeadlineMs: number;
  /** Between two attempts of a leader; candidates wait up to 2.2 times as long. */
  readonly retryPeriodMs: number;
}

/** https://github.com/kubernetes-sigs/controller-runtime/blob/main/pkg/manager/internal.go: 15 s, 10 s, 2 s. */
export const defaultElectionTimings: ElectionTimings = {
  leaseDurationMs: 15_000,
  renewDeadlineMs: 10_000,
  retryPeriodMs: 2_000,
};

/** By how much chance may lengthen a candidate's wait: candidates that started together shall not stay together. */
export const CAMPAIGN_JITTER = 1.2;

/**
 * Says in one sentence why the timings cannot work; undefined when they can.
 *
 * The leader must fall silent (renewDeadline) before the next one may start (leaseDuration): the gap between the two is all
 * that clocks of different speed, and a write already on its way, have for themselves.
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

/** Limit on one attempt, so that one dead connection leaves time for another attempt before the renew deadline. */
export function attemptTimeoutMs(timings: ElectionTimings): number {
  return timings.renewDeadlineMs / 2;
}
