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

test("who repeats a change a few times keeps it for an hour, not for good", () => {
  for (let i = 0; i < 4; i += 1) {
    expect(repairs()).toBe(true);
    nowMs += 8_000;
    breaker.inSync(KEY);
  }
  expect(repairs()).toBe(false);
  nowMs += 59 * MINUTE_MS;
  expect(repairs()).toBe(false);
  nowMs += MINUTE_MS;
  expect(repairs()).toBe(true);
});

test("writes that never last are made once an hour", () => {
  const made = Array.from({ length: 5 * 60 }, () => {
    nowMs += MINUTE_MS;
    return repairs();
  });
  expect(made.filter((isMade) => isMade)).toHaveLength(3 + 4);
});

test("what was given up is repaired again for a new spec, and an hour after it was in sync", () => {
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
