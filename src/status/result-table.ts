import type { Result } from "./result.ts";

/** When the next reconcile is due; `requeue.ts` has the times. */
export type RequeueRule =
  /** After the resync interval, and earlier while recent writes may not be visible. */
  | "resync"
  /** After the propagation poll interval, or when the last write must be visible, whichever is earlier. */
  | "poll"
  /** At once. */
  | "now"
  /** When the object or its class changes. */
  | "on change"
  /** After the retry interval for what is blocked. */
  | "blocked"
  /**
   * By the error: after a fixed time for a known transient failure, after the time that the API names, as for blocked objects, or
   * else with backoff.
   */
  | "retry"
  /** After the resync interval, in case the cause disappears without a change of the spec. */
  | "slow";

/** The consequences of a result. */
export interface ResultRow {
  /**
   * The status of the condition `Ready`. `absent`: there is no such condition, because kstatus takes `False` and `Unknown` for progress
   * that a client waits for. `True or absent`: `True` if it was, else absent.
   */
  readonly ready: "True" | "False" | "absent" | "True or absent";
  /** The condition beside `Ready`. kstatus reads `Ready`, `Reconciling` and `Stalled`: https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus */
  readonly beside: "Reconciling" | "Stalled" | "DryRun" | "Suspended" | undefined;
  readonly requeue: RequeueRule;
  /** The type of the Event when `Ready` becomes `False`, or `DryRun` `True`, or one of them changes its message; undefined: no Event. */
  readonly event: "Normal" | "Warning" | undefined;
  /** True when AWS was read and nothing is left to do, so that an account scan may take the place of the next resync. */
  readonly isVerified: boolean;
}

/** The consequences of each result: conditions, requeue and Events. docs/explanation/architecture.md shows this table; a test compares the two. */
export const RESULT_TABLE: Readonly<Record<Result["kind"], ResultRow>> = {
  InSync: { ready: "True", beside: undefined, requeue: "resync", event: undefined, isVerified: true },
  PropagationPending: { ready: "False", beside: "Reconciling", requeue: "poll", event: undefined, isVerified: false },
  WaitingForEC2: { ready: "False", beside: "Reconciling", requeue: "poll", event: undefined, isVerified: false },
  AdoptionPlanned: { ready: "False", beside: "Reconciling", requeue: "now", event: "Normal", isVerified: false },
  DryRun: { ready: "absent", beside: "DryRun", requeue: "resync", event: "Normal", isVerified: true },
  Suspended: {
    ready: "True or absent",
    beside: "Suspended",
    requeue: "on change",
    event: undefined,
    isVerified: false,
  },
  BlockedByPlan: { ready: "False", beside: "Stalled", requeue: "blocked", event: "Warning", isVerified: false },
  BlockedByClass: { ready: "False", beside: "Stalled", requeue: "blocked", event: "Warning", isVerified: false },
  Stripped: { ready: "False", beside: "Stalled", requeue: "resync", event: "Warning", isVerified: false },
  Retrying: { ready: "False", beside: "Reconciling", requeue: "retry", event: "Warning", isVerified: false },
  Failed: { ready: "False", beside: "Stalled", requeue: "slow", event: "Warning", isVerified: false },
  Deleting: { ready: "False", beside: "Reconciling", requeue: "poll", event: undefined, isVerified: false },
};

/** True when AWS needs no further read before the next resync. */
export function isVerified(result: Result): boolean {
  return RESULT_TABLE[result.kind].isVerified && "verifyInMs" in result && result.verifyInMs <= 0;
}
