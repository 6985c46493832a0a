import { beforeEach, expect, test } from "vitest";
import { FlapBreaker } from "../../../src/engine/reconcile/flap-breaker.ts";
import { diff } from "../../../src/plan/diff.ts";
import type { Plan } from "../../../src/plan/plan.ts";
import { desiredOf, NOTHING } from "../../support/builders.ts";

const KEY = "team-a/app";
const MINUTE_MS = 60_000;
const REPAIR = diff(desiredOf(), NOTHING);
const IN_SYNC: Plan = { actions: [], blockers: [], unmanagedPolicies: [] };

let nowMs: number;
let breaker: FlapBreaker;
beforeEach(() => {
  nowMs = 0;
  breaker = new FlapBreaker(() => nowMs);
});

/** One reconcile that finds the drift: true when it repairs it. */
function repairs(plan: Plan = REPAIR, trigger = "1"): boolean {
  const attempts = breaker.of(KEY, trigger);
  const judged = attempts.judge(plan, true);
  if (judged.blockers.length > 0) return false;
  attempts.recordExecuted(plan);
  return true;
}

/** Repairs that last, one each so many minutes: how many there are before the controller gives up. */
function slowFight(everyMinutes: number, times = 20): number {
  for (let i = 0; i < times; i += 1) {
    if (!repairs()) return i;
    nowMs += everyMinutes * MINUTE_MS;
    breaker.inSync(KEY);
  }
  return times;
}

test("the same repair is made four times within an hour, although it lasts in between", () => {
  expect(slowFight(12)).toBe(4);
});

test("a repair that comes back less often than that is made each time", () => {
  expect(slowFight(21)).toBe(20);
});

test("what was given up stays so while the drift stays, also after the hour", () => {
  slowFight(12);
  nowMs += 300 * MINUTE_MS;
  expect(repairs()).toBe(false);
});

test("what was given up is repaired again after the drift was gone for an hour, for a new spec, and on request", () => {
  slowFight(12);
  expect(repairs(REPAIR, "2")).toBe(true);
  breaker.forget(KEY);
  slowFight(12);
  breaker.inSync(KEY);
  expect(repairs()).toBe(false);
  breaker.inSync(KEY);
  nowMs += 61 * MINUTE_MS;
  expect(repairs()).toBe(true);
});

test("a reconcile that finds AWS in sync counts as one", () => {
  for (let i = 0; i < 3; i += 1) repairs();
  expect(breaker.of(KEY, "1").judge(IN_SYNC, true).blockers).toEqual([]);
  expect(repairs()).toBe(true);
  expect(breaker.of(KEY, "1").judge(REPAIR, true).blockers[0]?.message).toContain("succeeded 4 times within an hour");
});

test("drift that differs in what AWS has, and is repaired by the same writes, counts as the same within an hour", () => {
  const found = (changes: readonly string[]): Plan => ({
    ...IN_SYNC,
    actions: [{ kind: "PutRolePolicy", roleName: "app", policyName: "app", document: {} as never, changes } as never],
  });
  for (let i = 0; i < 4; i += 1) expect(repairs(found([`- statement ${i}`]))).toBe(true);
  expect(repairs(found(["- statement 5"]))).toBe(false);
});

test("other writes are not affected", () => {
  slowFight(12);
  const other: Plan = { ...REPAIR, actions: REPAIR.actions.slice(0, 1) };
  expect(repairs(other)).toBe(true);
});
