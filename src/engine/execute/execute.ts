import type { Action, ActionOutcome, FailedAction } from "../../plan/action.ts";
import type { Plan } from "../../plan/plan.ts";
import type { IamWriter } from "../ports.ts";
import { Refusals } from "./instance-refusals.ts";

/** An action that succeeded, with what it made. */
export interface AppliedAction {
  readonly action: Action;
  readonly outcome: ActionOutcome;
}

/**
 * How far a plan came. Without refusals `applied` is a prefix of the plan's actions, and `failed` is the one after it.
 */
export interface ExecutionReport {
  readonly applied: readonly AppliedAction[];
  /**
   * What stopped the plan; whether it took effect is not known. Where only instances were refused: the one of the refusals
   * that asks for the soonest look.
   */
  readonly failed: FailedAction | undefined;
  /** Writes to one instance each that AWS has refused; those to other instances went on. */
  readonly refused: readonly FailedAction[];
}

/**
 * Runs a plan's actions in order and stops at the first failure. No retries: the next reconcile observes anew.
 *
 * An instance that AWS refuses keeps no other from its turn: what is left for that very instance is left out, and the writes to
 * other instances go on. Writes to IAM do not: they may come after the
 * instances only when there is nothing left to do on any.
 *
 * Assumptions: the plan has no blockers (a plan with one is a programming error and raises).
 * Guarantees: never raises for a failing write; the failure is in the report.
 */
export async function execute(plan: Plan, iam: IamWriter, signal: AbortSignal): Promise<ExecutionReport> {
  if (plan.blockers.length > 0) throw new Error("a plan with blockers must not be executed");
  const applied: AppliedAction[] = [];
  const refusals = new Refusals();
  for (const action of plan.actions) {
    if (refusals.endBefore(action)) break;
    if (refusals.isAboutRefused(action)) continue;
    try {
      applied.push({ action, outcome: await iam.perform(action, signal) });
    } catch (error) {
      if (!refusals.take(action, error)) return { applied, failed: { action, error }, refused: refusals.all };
    }
  }
  return { applied, failed: refusals.soonest, refused: refusals.all };
}
