import type { InstanceProfile, InstanceProfileSpec } from "../api/instance-profile.ts";
import type { ObservedState } from "../model/observed-state.ts";
import type { Action, FailedAction } from "../plan/action.ts";
import type { Blocker, Plan } from "../plan/plan.ts";

/** What one reconcile of one object did and saw. {@link classify} in result.ts says what state that leaves the object in. */
export type Outcome =
  | {
      /** AWS was observed, and written where it differed. */
      readonly kind: "converged";
      readonly plan: Plan;
      readonly applied: readonly Action[];
      readonly failed: FailedAction | undefined;
      /** Writes to one instance each that AWS has refused, while those to others went on; unset: none. */
      readonly refused?: readonly FailedAction[];
      readonly after: ObservedState;
      readonly visibleInMs: number;
      /** What of the spec the class does not allow: AWS has the rest. */
      readonly leftOut?: readonly Blocker[];
    }
  | {
      /** `mode: DryRun`: AWS was observed and nothing else. */
      readonly kind: "previewed";
      readonly plan: Plan;
      readonly observed: ObservedState;
      readonly visibleInMs: number;
      readonly leftOut?: readonly Blocker[];
    }
  | {
      /** AWS was observed; the plan adopts, and is told before it is carried out. */
      readonly kind: "announced";
      readonly plan: Plan;
      readonly observed: ObservedState;
      readonly visibleInMs: number;
    }
  | { readonly kind: "suspended" }
  | {
      /** The class, or the size of a policy, forbids the object: AWS was not read. */
      readonly kind: "refused";
      readonly blockers: readonly Blocker[];
    }
  | {
      /** No plan could be made: the spec is not valid, or AWS could not be read. */
      readonly kind: "failed";
      readonly error: unknown;
    };

/**
 * An object as far as it could be understood. Metadata and status come from the API server's own hand; the spec is missing
 * when it does not parse, and then nothing is done but to say so.
 */
export type ObjectSoFar = Pick<InstanceProfile, "metadata" | "status"> & { readonly spec?: InstanceProfileSpec };

/** An Event before it is about an object. */
export interface EventDraft {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly action: string;
  readonly note: string;
}
