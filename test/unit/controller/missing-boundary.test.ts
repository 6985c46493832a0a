import { beforeEach, describe, expect, test } from "vitest";
import { blockedByBoundary, isMissingBoundary } from "../../../src/controller/classes/class-boundaries.ts";
import { PolicyExistence } from "../../../src/engine/observe/policy-existence.ts";
import { type RequiredBoundary, requiredBoundary } from "../../../src/engine/reconcile/required-boundary.ts";
import { BlockedError } from "../../../src/errors.ts";
import type { Action } from "../../../src/plan/action.ts";
import { diff } from "../../../src/plan/diff.ts";
import type { Outcome } from "../../../src/status/outcome.ts";
import { FakeIam } from "../../fakes/fake-iam.ts";
import { aClass, desiredOf, NOTHING } from "../../support/builders.ts";

const ARN = "arn:aws:iam::123456789012:policy/boundary";
const DENIED = new BlockedError("not authorized to perform iam:CreateRole", { reason: "AccessDenied" });
const PLAN = diff(desiredOf({ permissionsBoundaryArn: ARN }), NOTHING);
const [CREATE_ROLE] = PLAN.actions as [Action];
const signal = new AbortController().signal;

let iam: FakeIam;
let boundary: RequiredBoundary | undefined;
beforeEach(() => {
  iam = new FakeIam();
  const policies = new PolicyExistence(() => 0);
  boundary = requiredBoundary(aClass({ permissionsBoundaryArn: ARN }), { policies, reader: iam });
});

/** A reconcile in which AWS denied this write. */
function deniedAt(action: Action): Extract<Outcome, { kind: "converged" }> {
  const failed = { action, error: DENIED };
  return { kind: "converged", plan: PLAN, applied: [], failed, after: NOTHING, visibleInMs: 0 };
}

const explained = (outcome: Outcome): Promise<Outcome> =>
  blockedByBoundary(outcome, async () => ({ boundary }), signal);

test("a role that AWS denies is blocked by the missing boundary, because AWS's own error misleads", async () => {
  iam.missingPolicies.add(ARN);
  expect(await explained(deniedAt(CREATE_ROLE))).toMatchObject({
    kind: "converged",
    failed: undefined,
    plan: { actions: PLAN.actions, blockers: [{ reason: "PermissionsBoundaryNotFound" }] },
  });
});

describe("the error of AWS stays", () => {
  test("when the boundary exists, or the class has none", async () => {
    const outcome = deniedAt(CREATE_ROLE);
    expect(await explained(outcome)).toBe(outcome);
    boundary = undefined;
    expect(await explained(outcome)).toBe(outcome);
  });

  test("when the write sets another boundary, or none", async () => {
    iam.missingPolicies.add(ARN);
    const other = { kind: "PutRolePermissionsBoundary", roleName: "app", permissionsBoundaryArn: `${ARN}-2` } as const;
    for (const action of [other, { kind: "TagRole", roleName: "app", tags: {} } as const]) {
      const outcome = deniedAt(action);
      expect(await explained(outcome)).toBe(outcome);
    }
    expect(iam.policyReads).toEqual([]);
  });
});

test("a write that sets no boundary does not need the account, which may be out of reach", async () => {
  const outcome = deniedAt({ kind: "TagRole", roleName: "app", tags: {} });
  expect(await blockedByBoundary(outcome, () => Promise.reject(DENIED), signal)).toBe(outcome);
});

test("an outcome without a failed write is not changed", async () => {
  iam.missingPolicies.add(ARN);
  const outcome: Outcome = { ...deniedAt(CREATE_ROLE), failed: undefined };
  expect(await explained(outcome)).toBe(outcome);
});

test("only the error of a missing boundary is one", () => {
  expect(isMissingBoundary(new BlockedError("", { reason: "PermissionsBoundaryNotFound" }))).toBe(true);
  expect(isMissingBoundary(DENIED)).toBe(false);
  expect(isMissingBoundary(undefined)).toBe(false);
});
