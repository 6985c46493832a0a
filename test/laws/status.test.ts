import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { InstanceProfile } from "../../src/api/instance-profile.ts";
import {
  BlockedError,
  ConflictError,
  type ControllerError,
  RetryableError,
  TerminalError,
  ThrottledError,
} from "../../src/errors.ts";
import type { ObservedState } from "../../src/model/observed-state.ts";
import { diff } from "../../src/plan/diff.ts";
import type { Plan } from "../../src/plan/plan.ts";
import type { Outcome } from "../../src/status/outcome.ts";
import { DEFAULT_REQUEUE_INTERVALS } from "../../src/status/requeue.ts";
import { sameStatus } from "../../src/status/status-change.ts";
import type { Summary } from "../../src/status/summarize.ts";
import { anInstanceProfile, desiredAbsence, desiredOf, NOTHING, stateAfter } from "../support/builders.ts";
import { lawRuns } from "../support/law-runs.ts";
import { summaryAfter } from "../support/results.ts";
import { brokenStatusRules } from "../support/status-rules.ts";

const START_MS = Date.parse("2026-01-01T00:00:00Z");

const error: fc.Arbitrary<ControllerError | Error> = fc
  .tuple(
    fc.constantFrom(TerminalError, BlockedError, ConflictError, RetryableError, ThrottledError),
    fc.constantFrom("AccessDenied", "Throttled", "EndpointUnreachable", "InvalidSpec"),
    fc.constantFrom("role app: no", `long ${"\u{1F600}".repeat(20_000)}`),
    fc.option(fc.constantFrom(0, 1, 30_000), { nil: undefined }),
  )
  .map(
    ([Kind, reason, message, retryAfterMs]) =>
      new Kind(message, { reason, ...(retryAfterMs !== undefined && { retryAfterMs }) }),
  );

const names = Array.from({ length: 60 }, (_, i) => `arn:aws:iam::aws:policy/P${i}`);

const MADE = stateAfter(NOTHING, diff(desiredOf({ description: "old" }), NOTHING).actions);
const visibleInMs = fc.constantFrom(0, 0.3, 4_000, 119_000, Number.POSITIVE_INFINITY);

interface Start {
  readonly observed: ObservedState;
  readonly plan: Plan;
}

/** A state and the plan from it, for an object that stays or one that goes; sometimes blocked. */
const start = (isGoing: boolean): fc.Arbitrary<Start> =>
  fc
    .tuple(fc.constantFrom("", "a"), fc.nat(60), fc.nat(60), fc.constantFrom(0, 0, 1, 40), fc.boolean())
    .map(([description, managed, unmanaged, blocked, isMade]) => {
      const wanted = { description, managedPolicyArns: names.slice(0, managed) };
      const observed = isGoing || isMade ? MADE : NOTHING;
      const { actions } = diff(isGoing ? desiredAbsence(wanted) : desiredOf(wanted), observed);
      const blockers = Array.from({ length: blocked }, (_, i) => ({ reason: "AlreadyExists", message: `role r${i}.` }));
      return { observed, plan: { actions, blockers, unmanagedPolicies: names.slice(0, unmanaged) } };
    });

const previewed = (isGoing: boolean): fc.Arbitrary<Outcome> =>
  fc
    .record({ kind: fc.constant("previewed" as const), start: start(isGoing), visibleInMs })
    .map(({ start: { plan, observed }, ...rest }) => ({ ...rest, plan, observed }));

const converged = (isGoing: boolean): fc.Arbitrary<Outcome> =>
  fc
    .tuple(start(isGoing), fc.option(fc.tuple(fc.nat(70), error), { nil: undefined }), fc.boolean(), visibleInMs)
    .map(([{ plan, observed }, cut, showsArns, settles]) => {
      const applied = plan.blockers.length > 0 ? [] : plan.actions.slice(0, cut?.[0]);
      const action = plan.actions[applied.length];
      const failed = cut && action && plan.blockers.length === 0 ? { action, error: cut[1] } : undefined;
      const after = withArns(stateAfter(observed, applied), showsArns);
      return { kind: "converged", plan, applied, failed, after, visibleInMs: settles };
    });

/** An outcome as the engine may come to it. */
const outcome = (isGoing: boolean): fc.Arbitrary<Outcome> =>
  fc.oneof(
    converged(isGoing),
    previewed(isGoing),
    error.map((why): Outcome => ({ kind: "failed", error: why })),
    fc.constant<Outcome>({ kind: "suspended" }),
  );

function withArns(state: ObservedState, shows: boolean): ObservedState {
  if (shows || state.role.presence === "absent") return state;
  return { ...state, role: { ...state.role, arn: state.role.roleId } };
}

/** A reconcile: at this generation (which only grows), so long after the one before. */
const turn = (isGoing: boolean) =>
  fc.record({
    outcome: outcome(isGoing),
    edit: fc.boolean(),
    passes: fc.nat(100_000),
    failures: fc.integer({ min: 1, max: 4 }),
  });

function objectOf(isGoing: boolean, generation: number, status: InstanceProfile["status"]): InstanceProfile {
  const going = isGoing ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {};
  return anInstanceProfile({ metadata: { generation, ...going }, ...(status && { status }) });
}

function at(object: InstanceProfile, result: Outcome, nowMs: number, failures: number): Summary {
  const now = `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
  return summaryAfter(object, result, { now, random: 0.5, intervals: DEFAULT_REQUEUE_INTERVALS, failures });
}

const life = fc.boolean().chain((isGoing) => fc.tuple(fc.constant(isGoing), fc.array(turn(isGoing), { maxLength: 5 })));

const ALL_WELL: Outcome = {
  kind: "converged",
  plan: { actions: [], blockers: [], unmanagedPolicies: [] },
  applied: [],
  failed: undefined,
  after: MADE,
  visibleInMs: 0,
};

describe("the laws of a status", () => {
  test("it keeps every rule, whatever one outcome follows on another", () => {
    fc.assert(
      fc.property(life, ([isGoing, turns]) => {
        let [object, nowMs] = [objectOf(isGoing, 1, undefined), START_MS];
        for (const { outcome: result, edit, passes, failures } of turns) {
          nowMs += passes;
          const before = objectOf(isGoing, object.metadata.generation + (edit ? 1 : 0), object.status);
          object = objectOf(isGoing, before.metadata.generation, at(before, result, nowMs, failures).status);
          const kubeObjects = { before: { ...before }, after: { ...object } };
          expect(brokenStatusRules({ ...kubeObjects, nowMs })).toEqual([]);
        }
      }),
      { numRuns: lawRuns(300) },
    );
  });

  test("the same outcome once more, later, writes nothing and is no news", () => {
    fc.assert(
      fc.property(life, outcome(false), fc.integer({ min: 3, max: 9 }), ([, turns], result, failures) => {
        fc.pre(result.kind !== "converged" || result.applied.length === 0);
        let object = objectOf(false, 1, undefined);
        for (const { outcome: earlier } of turns) {
          object = objectOf(false, 1, at(object, earlier, START_MS, 3).status);
        }
        const once = at(object, result, START_MS + 60_000, failures);
        const twice = at(objectOf(false, 1, once.status), result, START_MS + 900_000, failures + 1);
        expect(twice.status).toEqual(once.status);
        expect(sameStatus(once.status, twice.status)).toBe(true);
        expect(twice.events).toEqual([]);
      }),
      { numRuns: lawRuns(300) },
    );
  });

  test("whatever is not suspended is looked at again, and nothing without a pause", () => {
    fc.assert(
      fc.property(fc.boolean().chain(outcome), (result) => {
        const { requeue } = at(objectOf(false, 1, undefined), result, START_MS, 1);
        expect(requeue.kind === "done").toBe(result.kind === "suspended");
        if (requeue.kind !== "after") return;
        const settles = "visibleInMs" in result && result.visibleInMs > 0 ? result.visibleInMs : 1_000;
        expect(requeue.delayMs).toBeGreaterThanOrEqual(Math.floor(Math.min(1_000, settles)));
        expect(requeue.delayMs).toBeLessThanOrEqual(660_000);
      }),
      { numRuns: lawRuns(300) },
    );
  });

  test("an object that was ready says what is wrong at the third failure, whatever it is", () => {
    fc.assert(
      fc.property(error, (why) => {
        const object = objectOf(false, 1, at(objectOf(false, 1, undefined), ALL_WELL, START_MS, 0).status);
        const readyAfter = (failures: number) =>
          at(object, { kind: "failed", error: why }, START_MS, failures).status.conditions?.[0]?.status;
        expect(readyAfter(3)).toBe("False");
        const isPassing =
          why instanceof RetryableError || why instanceof ThrottledError || why instanceof ConflictError;
        expect(readyAfter(1)).toBe(isPassing ? "True" : "False");
      }),
    );
  });
});
