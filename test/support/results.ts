import type { ConditionDraft } from "../../src/status/conditions.ts";
import { conditionsOf } from "../../src/status/conditions-of.ts";
import type { Outcome, ReportedObject } from "../../src/status/outcome.ts";
import { DEFAULT_REQUEUE_INTERVALS, type Requeue, requeueOf } from "../../src/status/requeue.ts";
import { classify } from "../../src/status/result.ts";
import { type Summary, type SummaryContext, summarize } from "../../src/status/summarize.ts";
import { anInstanceProfile } from "./builders.ts";

/** The conditions after a reconcile with that outcome, which lags until midnight and two minutes. */
export function conditionsAfter(object: ReportedObject, outcome: Outcome): readonly ConditionDraft[] {
  return conditionsOf(object, classify(object, outcome), "2026-01-01T00:02:00Z");
}

/** Status, Events and requeue after a reconcile with that outcome. */
export function summaryAfter(object: ReportedObject, outcome: Outcome, context: SummaryContext): Summary {
  return summarize(object, classify(object, outcome), context);
}

/** The requeue after a reconcile of some object with that outcome, by the default intervals. */
export function requeueAfter(outcome: Outcome, random: number = 0.5, failingForMs?: number): Requeue {
  const failingFor = failingForMs === undefined ? undefined : () => failingForMs;
  return requeueOf(classify(anInstanceProfile(), outcome, failingFor), DEFAULT_REQUEUE_INTERVALS, random);
}
