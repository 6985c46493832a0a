import type { Action, ActionOutcome, FailedAction } from "../../plan/action.ts";
import type { Note, Plan } from "../../plan/plan.ts";
import type { IamWriter } from "../ports.ts";
import { Refusals } from "./instance-refusals.ts";

/** An action that succeeded, with its outcome. */
export interface AppliedAction {
  readonly action: Action;
  readonly outcome: ActionOutcome;
}

/** Called with the writes that AWS has carried out, at least one, and the notes of their plan. Must not throw. */
export type OnWritten = (actions: readonly Action[], notes?: readonly Note[]) => void;

/**
 * The result of executing a plan. Without refusals `applied` is a prefix of the plan's actions, and `failed` is the
 * next one.
 */
export interface ExecutionReport {
  readonly applied: readonly AppliedAction[];
  /**
   * The action that stopped the plan; whether it took effect is unknown. If only writes to instances were refused: the
   * refusal that is retried soonest.
   */
  readonly failed: FailedAction | undefined;
  /** The refused write of each instance that AWS refused to change; writes to other instances continued. */
  readonly refused: readonly FailedAction[];
}

/**
 * Executes a plan's actions in order and stops at the first failure, except at a refused write to an instance. It does not retry: the next reconcile observes
 * again.
 *
 * A refused write to an instance does not stop the writes to other instances. The remaining writes to the same instance
 * and all later writes to IAM are skipped, because writes to IAM may follow those to instances only when every instance
 * is in sync.
 *
 * Assumptions: the plan has no blockers (a plan with one is a programming error and raises).
 * Guarantees: never raises for a failing write; the failure is in the report.
 */
export async function execute(plan: Plan, iam: IamWriter, signal: AbortSignal): Promise<ExecutionReport> {
  if (plan.blockers.length > 0) throw new Error("a plan with blockers must not be executed");
  const applied: AppliedAction[] = [];
  const refusals = new Refusals();
  for (const action of plan.actions) {
    if (refusals.mustStopBefore(action)) break;
    if (refusals.concernsRefusedInstance(action)) continue;
    try {
      applied.push({ action, outcome: await iam.perform(action, signal) });
    } catch (error) {
      if (!refusals.record(action, error)) return { applied, failed: { action, error }, refused: refusals.all };
    }
  }
  return { applied, failed: refusals.soonest, refused: refusals.all };
}
