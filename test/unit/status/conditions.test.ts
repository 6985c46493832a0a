import { expect, test } from "vitest";
import type { Condition } from "../../../src/api/instance-profile.ts";
import { isReportedQueued, queuedConditions } from "../../../src/status/conditions.ts";
import { anInstanceProfile } from "../../support/builders.ts";
import { brokenStatusRules } from "../../support/status-rules.ts";

const NOW = "2026-01-01T00:01:00Z";
const THEN = "2026-01-01T00:00:00Z";
const condition = (type: string, status: "True" | "False", reason: string): Condition => ({
  ...{ type, status, reason, message: "x", lastTransitionTime: THEN, observedGeneration: 1 },
});

/** The conditions of an object that waits, as `type status reason`; the rules of every status hold. */
function queued(conditions: readonly Condition[] | undefined, observedGeneration: number): readonly string[] {
  const object = anInstanceProfile({ metadata: { generation: 2 } });
  const before = { ...object, status: { observedGeneration, ...(conditions && { conditions }) } };
  const after = { ...before, status: { ...before.status, conditions: queuedConditions(before, 3, NOW) } };
  const turn = { before: before as never, after: after as never, nowMs: Date.parse(NOW) };
  expect(brokenStatusRules(turn)).toEqual([]);
  expect(isReportedQueued(after)).toBe(true);
  return after.status.conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`);
}

test("a new object that waits is Unknown", () => {
  expect(queued(undefined, -1)).toEqual(["Ready Unknown Queued", "Reconciling True Queued"]);
});

test("an edited object that waits keeps its Ready, which is about the generation before", () => {
  const known = [condition("Ready", "False", "AccessDenied"), condition("Compliant", "True", "WithinClass")];
  expect(queued(known, 1)).toEqual([
    "Ready False AccessDenied",
    "Reconciling True Queued",
    "Compliant True WithinClass",
  ]);
});

test("what has stalled does not count as stalled once it waits for another reconcile", () => {
  const known = [condition("Ready", "False", "InvalidSpec"), condition("Stalled", "True", "InvalidSpec")];
  expect(queued(known, 1)).toEqual(["Ready False InvalidSpec", "Reconciling True Queued"]);
});

test("an object that was in progress before keeps the time of that", () => {
  const known = [condition("Ready", "False", "Throttled"), condition("Reconciling", "True", "ProgressingWithRetry")];
  expect(queued(known, 1)).toEqual(["Ready False Throttled", "Reconciling True Queued"]);
});
