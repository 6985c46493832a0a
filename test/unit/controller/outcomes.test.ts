import { describe, expect, test } from "vitest";
import { explainDeleteConflict, isDeleteConflict } from "../../../src/controller/reconcile/outcomes.ts";
import { ConflictError } from "../../../src/errors.ts";
import type { Action } from "../../../src/plan/action.ts";
import type { Plan } from "../../../src/plan/plan.ts";
import type { Outcome } from "../../../src/status/outcome.ts";
import { createdState, NOTHING } from "../../support/builders.ts";

const DELETE_POLICY: Action = { kind: "DeleteRolePolicy", roleName: "app", policyName: "app" };
const DELETE_ROLE: Action = { kind: "DeleteRole", roleName: "app" };
const CONFLICT = new ConflictError("must detach all policies first", { reason: "DeleteConflict" });
const BLOCKER = { reason: "UnmanagedPoliciesAttached", message: "role app has ..." };
const PLAN: Plan = { actions: [DELETE_POLICY, DELETE_ROLE], blockers: [], unmanagedPolicies: [] };

/** A deletion that stopped at the role, with this error. */
function stoppedAt(error: unknown): Outcome {
  return {
    kind: "converged",
    plan: PLAN,
    applied: [DELETE_POLICY],
    failed: { action: DELETE_ROLE, error },
    after: NOTHING,
    visibleInMs: 0,
  };
}

/** A second observation, with these blockers. */
function previewed(...blockers: Plan["blockers"]): Outcome {
  return {
    kind: "previewed",
    plan: { ...PLAN, actions: [DELETE_ROLE], blockers },
    observed: createdState(),
    visibleInMs: 0,
  };
}

test("only the error DeleteConflict of AWS is a delete conflict", () => {
  expect(isDeleteConflict(stoppedAt(CONFLICT))).toBe(true);
  expect(isDeleteConflict(stoppedAt(new ConflictError("another", { reason: "EntityAlreadyExists" })))).toBe(false);
  expect(isDeleteConflict(stoppedAt(new Error("DeleteConflict")))).toBe(false);
  expect(isDeleteConflict({ ...stoppedAt(CONFLICT), failed: undefined } as Outcome)).toBe(false);
  expect(isDeleteConflict({ kind: "failed", error: CONFLICT })).toBe(false);
});

describe("a second observation", () => {
  test("replaces the error by the blockers that it found, and keeps the writes that were made", () => {
    expect(explainDeleteConflict(stoppedAt(CONFLICT), previewed(BLOCKER))).toMatchObject({
      kind: "converged",
      applied: [DELETE_POLICY],
      failed: undefined,
      plan: { actions: [DELETE_POLICY, DELETE_ROLE], blockers: [BLOCKER] },
      after: createdState(),
    });
  });

  test("leaves the error of AWS where it found no blocker, or could not observe", () => {
    const outcome = stoppedAt(CONFLICT);
    expect(explainDeleteConflict(outcome, previewed())).toBe(outcome);
    expect(explainDeleteConflict(outcome, { kind: "failed", error: CONFLICT })).toBe(outcome);
  });
});
