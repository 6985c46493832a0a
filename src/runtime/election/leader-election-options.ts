import { RetryableError } from "../../errors.ts";
import type { Logger } from "../../telemetry.ts";
import type { Clock } from "../clock.ts";
import type { LeaseLock } from "./leader-election-lock.ts";
import type { ElectionTimings } from "./leader-election-timings.ts";

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
