import { RetryableError } from "../../errors.ts";
import type { Logger } from "../../telemetry.ts";
import type { Clock } from "../clock.ts";
import type { LeaseLock } from "./leader-election-lock.ts";
import type { ElectionTimings } from "./leader-election-timings.ts";

/** Hears of the election: the seam for metrics. Called synchronously; must not throw. */
export interface ElectionObserver {
  /** At the start (false) and at every change. */
  leading?(isLeading: boolean): void;
  /** The leader could not renew on what it knew of the lease and had to read it first. */
  slowPath?(): void;
}

/** What a LeaderElector is made of. */
export interface LeaderElectorOptions {
  readonly lock: LeaseLock;
  /** Unlike that of any other process, ever: `hostname_uuid`. */
  readonly identity: string;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  readonly timings?: ElectionTimings;
  readonly observer?: ElectionObserver;
}

/** This process led and does so no more. It must end: what it has in memory was decided as a leader. */
export class LeadershipLostError extends Error {
  constructor(why: string) {
    super(`Leadership is lost: ${why}`);
    this.name = "LeadershipLostError";
  }
}

/** Something was to be written by a process that does not lead, or is no longer sure to. */
export class NotLeadingError extends RetryableError {
  constructor(lease: string) {
    super(`Nothing was written: this process does not hold the lease ${lease}`, { reason: "NotLeading" });
  }
}
