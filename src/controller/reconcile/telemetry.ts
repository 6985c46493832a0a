import type { OnWritten } from "../../engine/execute/execute.ts";
import { ControllerError, dispositionOf } from "../../errors.ts";
import { type Action, isInstanceAction } from "../../plan/action.ts";
import { isInSync, NOT_CONVERGING } from "../../plan/plan.ts";
import { planLines } from "../../plan/render.ts";
import { findCondition } from "../../status/conditions.ts";
import { wasWritten } from "../../status/conditions-of.ts";
import type { ReportedObject } from "../../status/outcome.ts";
import { errorIn, observationIn, type Result } from "../../status/result.ts";
import type { LogFields, Logger } from "../../telemetry.ts";

/** Observes the results of reconciles, for metrics. Called synchronously; must not throw. */
export interface ResultObserver {
  /** The reconcile failed; `isTerminal` when only a change of the spec helps. */
  failed?(key: string, isTerminal: boolean): void;
  /** AWS differed from a spec that was in sync before and did not change. */
  drifted?(key: string): void;
  /** Actions were applied; `isRepair` when the spec did not change. */
  wrote?(key: string, actions: number, isRepair: boolean): void;
  /** The object became NotConverging: the same writes were tried too often. Called once, when that state begins. */
  gaveUp?(key: string): void;
}

/** Passes the result to the observer. */
export function observeResult(
  observer: ResultObserver | undefined,
  key: string,
  object: ReportedObject,
  result: Result,
): void {
  const error = errorIn(result);
  if (error !== undefined) observer?.failed?.(key, dispositionOf(error) === "terminal");
  const plan = result.kind === "AdoptionPlanned" ? result.plan : observationIn(result)?.plan;
  if (plan === undefined) return;
  const wasInSync = wasWritten(object) && result.kind !== "Stripped";
  if (!isInSync(plan) && wasInSync && !isOnlyAboutInstances(plan.actions)) observer?.drifted?.(key);
  const applied = observationIn(result)?.applied ?? [];
  if (result.kind === "BlockedByPlan" && result.observation.mayWrite && hasGivenUp(object, result.blockers))
    observer?.gaveUp?.(key);
  if (applied.length > 0) observer?.wrote?.(key, applied.length, wasInSync && !isOnlyAboutInstances(applied));
}

/** Logs the failure, in the words of controller-runtime. */
export function logResult(logger: Logger, result: Result): void {
  const error = errorIn(result);
  if (error instanceof ControllerError)
    logger.warn("Reconciler error", { disposition: error.disposition, ...failureFields(error) });
}

function hasGivenUp({ status }: ReportedObject, blockers: readonly { readonly reason: string }[]): boolean {
  const hadBefore = findCondition(status?.conditions, "Ready")?.reason === NOT_CONVERGING;
  return !hadBefore && blockers.some(({ reason }) => reason === NOT_CONVERGING);
}

/** True for actions on instances alone, which are launched and terminated without a change of the spec. */
function isOnlyAboutInstances(actions: readonly Action[]): boolean {
  return actions.length > 0 && actions.every(isInstanceAction);
}

/**
 * Logs the writes that AWS has carried out: names only, never policy documents. Every write to AWS has such a line, also of a reconcile that
 * fails or is aborted afterwards.
 */
export function logWrites(logger: Logger, fields: LogFields = {}): OnWritten {
  return (actions, notes) => {
    const lines = planLines({ actions, blockers: [], unmanagedPolicies: [] });
    logger.info("wrote AWS", {
      ...fields,
      actions: lines,
      ...(notes !== undefined && { notes: notes.map(({ message }) => message) }),
    });
  };
}

/** The log fields of a failure, without its causes. Only logs contain the AWS request id: in a status, it would change with every retry. */
export function failureFields({ name, reason, message, requestId }: ControllerError): LogFields {
  return { reason, err: { type: name, message }, ...(requestId !== undefined && { requestId }) };
}
