import { describe, expect, test } from "vitest";
import { ConflictError } from "../../../src/errors.ts";
import type { Action } from "../../../src/plan/action.ts";
import { diff } from "../../../src/plan/diff.ts";
import type { Outcome } from "../../../src/status/outcome.ts";
import { DEFAULT_REQUEUE_INTERVALS } from "../../../src/status/requeue.ts";
import { anInstanceProfile, desiredOf, NOTHING, stateAfter } from "../../support/builders.ts";
import { conditionsAfter, requeueAfter, summaryAfter } from "../../support/results.ts";

const CREATE = diff(desiredOf(), NOTHING);
const MADE = stateAfter(NOTHING, CREATE.actions);
const EMPTY = { actions: [], blockers: [], unmanagedPolicies: [] };
const NARROWED = [{ reason: "ActionsNotAllowed", message: "class readers does not allow s3:PutObject." }];
const GOING = anInstanceProfile({ metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } });

const told = (object: typeof GOING, outcome: Outcome): readonly string[] =>
  conditionsAfter(object, outcome).map(
    ({ type, status, reason, message }) => `${type} ${status} ${reason}: ${message}`,
  );

describe("a dry run", () => {
  const look = (plan: typeof CREATE | typeof EMPTY): Outcome => ({
    ...{ kind: "previewed", plan, observed: MADE, visibleInMs: 0 },
  });

  test("that has nothing to do is in sync", () => {
    expect(told(anInstanceProfile(), look(EMPTY))).toEqual([
      "Ready True InSync: AWS matches the spec (mode: DryRun, nothing is written)",
    ]);
  });

  test("that has nothing to do while IAM shows the state before a write is not in sync", () => {
    const lag = { unseen: CREATE.actions.slice(0, 1), untilMs: 120_000 };
    const [ready = "", ...beside] = told(anInstanceProfile({ spec: { mode: "DryRun" } }), {
      ...look(EMPTY),
      lag,
    } as Outcome);
    expect(ready).toMatch(
      /^Ready False PropagationPending: .*AWS is not verified: IAM shows the state before the writes /,
    );
    expect(ready).toMatch(/the controller reads again, and plans what differs then$/);
    expect(beside).toEqual([
      expect.stringMatching(/^Reconciling True PropagationPending: /),
      "DryRun True DryRun: mode is DryRun: the controller writes nothing to AWS",
    ]);
  });

  test("says how many writes are pending", () => {
    expect(told(anInstanceProfile(), look(CREATE))).toEqual([
      "DryRun True DryRun: mode is DryRun: 4 writes pending, see status.plan",
    ]);
  });

  test("of an object that is to go says that its deletion waits, whatever is left to do", () => {
    expect(told(GOING, look(EMPTY))).toEqual([
      "DryRun True DryRun: mode is DryRun: deletion is blocked until mode is Enforce, 0 writes pending, see status.plan",
    ]);
  });

  test("tells what the class would leave out, but not of an object that is to go", () => {
    const narrowed = { ...look(EMPTY), leftOut: NARROWED } as Outcome;
    expect(told(anInstanceProfile(), narrowed)[0]).toBe(
      "Ready False ActionsNotAllowed: class readers does not allow s3:PutObject. The controller would apply the rest of the spec.",
    );
    expect(told(GOING, narrowed)[0]).toContain("deletion is blocked");
  });
});

test("what a narrowed class leaves out is told by its own reason, and only a person can help", () => {
  const outcome: Outcome = {
    ...{ kind: "converged", plan: EMPTY, applied: [], failed: undefined, after: MADE, visibleInMs: 0 },
    leftOut: NARROWED,
  };
  const words =
    "ActionsNotAllowed: class readers does not allow s3:PutObject. The controller applies the rest of the spec.";
  expect(told(anInstanceProfile(), outcome)).toEqual([`Ready False ${words}`, `Stalled True ${words}`]);
});

describe("a profile that EC2 does not know yet", () => {
  const region = "eu-west-1";
  const action: Action = {
    ...{ kind: "AssociateIamInstanceProfile", region, instanceId: "i-1", iamInstanceProfile: "app" },
  };
  const error = new ConflictError("not yet", { reason: "InstanceProfileNotYetUsable" });
  const refusedFor = (visibleInMs: number): Outcome => ({
    ...{ kind: "converged", plan: { ...EMPTY, actions: [action] }, applied: [], failed: { action, error } },
    ...{ after: MADE, visibleInMs },
  });

  test("is waited for while it may come to light, which is no failure", () => {
    expect(told(anInstanceProfile(), refusedFor(1))[0]).toContain("Ready False WaitingForEC2");
    expect(requeueAfter(refusedFor(60_000), 0.5)).toEqual({ kind: "after", delayMs: 5_000 });
  });

  test("is a failure once it must have", () => {
    expect(told(anInstanceProfile(), refusedFor(0))[0]).toBe("Ready False InstanceProfileNotYetUsable: not yet");
  });
});

test("what refused instances leave of a plan is all that was not carried out, wherever it stood", () => {
  const associate = (instanceId: string): Action => ({
    ...{ kind: "AssociateIamInstanceProfile", region: "eu-west-1", instanceId, iamInstanceProfile: "app" },
  });
  const [first, second, third] = [associate("i-1"), associate("i-2"), associate("i-3")];
  const failed = { action: second, error: new ConflictError("no", { reason: "IncorrectState" }) };
  const outcome: Outcome = {
    ...{ kind: "converged", plan: { ...EMPTY, actions: [first, second, third] }, applied: [first, third] },
    ...{ failed, refused: [failed], after: MADE, visibleInMs: 0 },
  };
  const context = { now: "2026-01-01T00:00:00Z", random: 0.5, intervals: DEFAULT_REQUEUE_INTERVALS, failures: 1 };
  const { plan = [] } = summaryAfter(anInstanceProfile(), outcome, context).status;
  expect(plan).toHaveLength(1);
  expect(plan[0]).toContain("i-2");
});
