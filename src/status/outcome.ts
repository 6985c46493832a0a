import type { InstanceProfile, InstanceProfileSpec } from "../api/instance-profile.ts";
import type { ObservedState } from "../model/observed-state.ts";
import type { Action, FailedAction } from "../plan/action.ts";
import type { Blocker, Lag, Plan } from "../plan/plan.ts";

/** What one reconcile of one object did and observed. {@link classify} in result.ts derives the state of the object from it. */
export type Outcome =
  | {
      /** AWS was observed, and written to where it differed. */
      readonly kind: "converged";
      readonly plan: Plan;
      readonly applied: readonly Action[];
      readonly failed: FailedAction | undefined;
      /** Writes to single instances that AWS refused, while the plan went on; unset: none. */
      readonly refused?: readonly FailedAction[];
      /** AWS before the writes; unset: nothing was written, or AWS was not read. */
      readonly before?: ObservedState;
      readonly after: ObservedState;
      readonly visibleInMs: number;
      /** Unset when the reads do not contradict recent writes. */
      readonly lag?: Lag | undefined;
      /** The parts of the spec that the class does not allow and AWS therefore does not have. */
      readonly leftOut?: readonly Blocker[];
      /** The changes by other clients before the writes, as CloudTrail reports them; unset: none was reported. */
      readonly repairedChanges?: readonly string[];
      /** Only the parts that another client has changed were read. Unset: everything. */
      readonly isPartial?: true;
    }
  | {
      /** `mode: DryRun`: AWS was only observed. */
      readonly kind: "previewed";
      readonly plan: Plan;
      readonly observed: ObservedState;
      readonly visibleInMs: number;
      readonly lag?: Lag | undefined;
      readonly leftOut?: readonly Blocker[];
    }
  | {
      /** AWS was observed; the plan adopts, so it is reported before it is applied. */
      readonly kind: "announced";
      readonly plan: Plan;
      readonly observed: ObservedState;
      readonly visibleInMs: number;
    }
  | { readonly kind: "suspended" }
  | {
      /** The class, or the size of a policy, blocks the object before AWS is read. */
      readonly kind: "refused";
      readonly blockers: readonly Blocker[];
      /** What an interrupted create has left in AWS; unset: AWS was not read. */
      readonly found?: ObservedState | undefined;
    }
  | {
      /** The spec is not valid, AWS could not be read, or access beyond the class could not be removed. */
      readonly kind: "failed";
      readonly error: unknown;
      /** What an interrupted create has left in AWS; unset: AWS was not read. */
      readonly found?: ObservedState | undefined;
    };

/**
 * An object with its last reported status. The spec is unset when it is not valid; metadata and status, which the API server validates, are
 * still there to report it.
 */
export type ReportedObject = Pick<InstanceProfile, "metadata" | "status" | "keptNames" | "isDryRun"> & {
  readonly spec?: InstanceProfileSpec;
};

/** An Event without the object that it is about. */
export interface EventDraft {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly action: string;
  readonly note: string;
}
