import type { Action, ActionOutcome } from "../plan/action.ts";
import type { Plan } from "../plan/plan.ts";
import type { IamWriter } from "./ports.ts";

/** An action that succeeded, with what it made. */
export interface AppliedAction {
  readonly action: Action;
  readonly outcome: ActionOutcome;
}

/**
 * How far a plan came. `applied` is always a prefix of the plan's actions; `failed` is the one after it, and whether that
 * one took effect is not known.
 */
export interface ExecutionReport {
  readonly applied: readonly AppliedAction[];
  readonly failed: { readonly action: Action; readonly error: unknown } | undefined;
}

/**
 * Runs a plan's actions in order and stops at the first failure. No retries: the next reconcile observes anew.
 *
 * Assumptions: the plan has no blockers (a plan with one is a programming error and raises).
 * Guarantees: never raises for a failing write; the failure is in the report.
 */
export async function execute(plan: Plan, iam: IamWriter, signal: AbortSignal): Promise<ExecutionReport> {
  if (plan.blockers.length > 0) throw new Error("a plan with blockers must not be executed");
  const applied: AppliedAction[] = [];
  for (const action of plan.actions) {
    try {
      applied.push({ action, outcome: await iam.perform(action, signal) });
    } catch (error) {
      return { applied, failed: { action, error } };
    }
  }
  return { applied, failed: undefined };
}
