import { describe, expect, test } from "vitest";
import { BlockedError, ConflictError, RetryableError, TerminalError, ThrottledError } from "../../../src/errors.ts";
import type { ObservedRole } from "../../../src/model/observed-state.ts";
import { diff } from "../../../src/plan/diff.ts";
import type { Outcome } from "../../../src/status/outcome.ts";
import { desiredOf, NOTHING, stateAfter } from "../../support/builders.ts";
import { requeueAfter } from "../../support/results.ts";

const CREATE = diff(desiredOf(), NOTHING);
const MADE = stateAfter(NOTHING, CREATE.actions);
const EMPTY = { actions: [], blockers: [], unmanagedPolicies: [] };
const BLOCKED = { ...EMPTY, blockers: [{ reason: "X", message: "x" }] };

const converged = (visibleInMs: number, plan: typeof BLOCKED | typeof EMPTY = EMPTY, after = MADE): Outcome => ({
  ...{ kind: "converged", plan, applied: [], failed: undefined, after, visibleInMs },
});
const when = (outcome: Outcome, random = 0.5) => requeueAfter(outcome, random);
const inMs = (delayMs: number) => ({ kind: "after", delayMs });
/** Nobody waits for it: it lets go first what somebody waits for. */
const atLeisureInMs = (delayMs: number) => ({ ...inMs(delayMs), urgency: "resync" });
const failed = (error: unknown): Outcome => ({ kind: "failed", error });

describe("an object is looked at again", () => {
  test("after the resync interval when all is well, spread by a tenth either way", () => {
    expect(when(converged(0))).toEqual(atLeisureInMs(600_000));
    expect(when(converged(0), 0)).toEqual(atLeisureInMs(540_000));
    expect(when(converged(0), 1)).toEqual(atLeisureInMs(660_000));
  });

  test("after a minute when it is blocked, whatever settles", () => {
    expect(when(converged(0, BLOCKED))).toEqual(atLeisureInMs(60_000));
    expect(when(converged(1_000, BLOCKED))).toEqual(atLeisureInMs(60_000));
  });

  test("after seconds while IAM lags, no later than it must have settled", () => {
    expect(when(converged(100_000))).toEqual(inMs(5_000));
    expect(when(converged(1))).toEqual(inMs(1));
    expect(when({ kind: "previewed", plan: EMPTY, observed: MADE, visibleInMs: 3_000 })).toEqual(inMs(3_000));
    expect(when({ kind: "previewed", plan: EMPTY, observed: MADE, visibleInMs: 1 })).toEqual(inMs(1));
  });

  test("after seconds while an ARN is not shown", () => {
    const hidden = { ...MADE, role: { ...(MADE.role as ObservedRole), arn: "AROAEXAMPLE" } };
    expect(when(converged(0, EMPTY, hidden))).toEqual(inMs(5_000));
    expect(when(converged(0, EMPTY, NOTHING))).toEqual(atLeisureInMs(600_000));
  });

  test("after the resync interval in a dry run", () => {
    expect(when({ kind: "previewed", plan: CREATE, observed: NOTHING, visibleInMs: 0 })).toEqual(
      atLeisureInMs(600_000),
    );
  });

  test("not by itself while it is suspended", () => {
    expect(when({ kind: "suspended" })).toEqual({ kind: "done" });
  });
});

describe("after a failure", () => {
  test.each<[string, unknown, object]>([
    ["terminal", new TerminalError("x", { reason: "InvalidSpec" }), atLeisureInMs(600_000)],
    [
      "terminal, by a principal that IAM should have known by now",
      new TerminalError("x", { reason: "InvalidPrincipal" }),
      atLeisureInMs(600_000),
    ],
    ["blocked", new BlockedError("x", { reason: "AccessDenied" }), atLeisureInMs(60_000)],
    ["conflict", new ConflictError("x", { reason: "DeleteConflict" }), { kind: "backoff" }],
    ["retryable", new RetryableError("x", { reason: "ServiceFailure" }), { kind: "backoff" }],
    ["throttled", new ThrottledError("x", { reason: "Throttled" }), { kind: "backoff" }],
    ["throttled, with a time", new ThrottledError("x", { reason: "Throttled", retryAfterMs: 30_000 }), inMs(30_000)],
    [
      "throttled, with no time to speak of",
      new ThrottledError("x", { reason: "Throttled", retryAfterMs: 0 }),
      inMs(1_000),
    ],
    ["unknown", new Error("x"), { kind: "backoff" }],
    ["nothing at all", undefined, { kind: "backoff" }],
  ])("%s", (_, error, expected) => {
    expect(when(failed(error))).toEqual(expected);
  });

  test("that passes by itself as a rule, soon, as long as it has not lasted", () => {
    const unknown = failed(new TerminalError("x", { reason: "InvalidPrincipal" }));
    expect(requeueAfter(unknown, 0.5, 0)).toEqual(inMs(10_000));
    expect(requeueAfter(unknown, 0.5, 120_000)).toEqual(atLeisureInMs(600_000));
  });

  test("of a write, as after any other", () => {
    const action = CREATE.actions[0];
    if (action === undefined) throw new Error("there is no action");
    const outcome = { ...converged(0), failed: { action, error: new BlockedError("x", { reason: "AccessDenied" }) } };
    expect(when(outcome as Outcome)).toEqual(atLeisureInMs(60_000));
  });
});
