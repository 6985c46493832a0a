import { describe, expect, test } from "vitest";
import { BlockedError } from "../../../src/errors.ts";
import type { Action } from "../../../src/plan/action.ts";
import { diff } from "../../../src/plan/diff.ts";
import { NOT_CONVERGING } from "../../../src/plan/plan.ts";
import type { Outcome } from "../../../src/status/outcome.ts";
import { anInstanceProfile, desiredOf, NOTHING, stateAfter } from "../../support/builders.ts";
import { conditionsAfter, requeueAfter } from "../../support/results.ts";

const MADE = stateAfter(NOTHING, diff(desiredOf(), NOTHING).actions);
const EMPTY = { actions: [], blockers: [], unmanagedPolicies: [] };
const error = new BlockedError("no", { reason: "AccessDenied" });
const afterMs = (outcome: Outcome): unknown => requeueAfter(outcome, 0.5);

function refusedFor(count: number): Outcome {
  const refused = Array.from({ length: count }, (_, i) => {
    const at = { region: "eu-west-1", instanceId: `i-${i}`, iamInstanceProfile: "app" };
    const action: Action = { kind: "AssociateIamInstanceProfile", ...at };
    return { action, error };
  });
  const [failed] = refused;
  return { kind: "converged", plan: EMPTY, applied: [], failed, refused, after: MADE, visibleInMs: 0 };
}

describe("instances that AWS refuses are tried again", () => {
  test("the rarer the more there are, and no more rarely than all is looked at", () => {
    expect(afterMs(refusedFor(1))).toEqual({ kind: "after", delayMs: 60_000, urgency: "resync" });
    expect(afterMs(refusedFor(3))).toEqual({ kind: "after", delayMs: 180_000, urgency: "resync" });
    expect(afterMs(refusedFor(40))).toEqual({ kind: "after", delayMs: 600_000, urgency: "resync" });
  });
});

test("what was written in vain is looked at slowly, whatever else blocks it", () => {
  const blockers = [
    { reason: NOT_CONVERGING, message: "in vain" },
    { reason: "X", message: "x" },
  ];
  const outcome: Outcome = {
    ...{ kind: "converged", plan: { ...EMPTY, blockers }, applied: [], failed: undefined, after: MADE, visibleInMs: 0 },
  };
  expect(afterMs(outcome)).toEqual({ kind: "after", delayMs: 600_000, urgency: "resync" });
});

describe("a suspended object", () => {
  const told = (metadata: object) => conditionsAfter(anInstanceProfile({ metadata }), { kind: "suspended" })[0];

  test("says that AWS is left as it is, or that its deletion waits", () => {
    expect(told({})?.message).toContain("the controller does not change AWS");
    expect(told({ deletionTimestamp: "2026-01-01T00:00:00Z" })?.message).toContain("deletion is blocked");
  });

  test("that was never looked at says of no generation that it was", () => {
    expect(told({})).not.toHaveProperty("observedGeneration");
  });
});
