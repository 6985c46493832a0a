import { beforeEach, describe, expect, test } from "vitest";
import type { ObjectMeta } from "../../../src/api/instance-profile.ts";
import type { InstanceProfileClassSpec } from "../../../src/api/instance-profile-class.ts";
import {
  blockedByBoundary,
  ClassBoundaries,
  isMissingBoundary,
} from "../../../src/controller/classes/class-boundaries.ts";
import { PolicyExistence } from "../../../src/engine/observe/policy-existence.ts";
import { type RequiredBoundary, requiredBoundary } from "../../../src/engine/reconcile/required-boundary.ts";
import { BlockedError, RetryableError } from "../../../src/errors.ts";
import type { Action } from "../../../src/plan/action.ts";
import { diff } from "../../../src/plan/diff.ts";
import type { Outcome } from "../../../src/status/outcome.ts";
import { FakeIam } from "../../fakes/fake-iam.ts";
import { aClass, desiredOf, NOTHING } from "../../support/builders.ts";

const ARN = "arn:aws:iam::123456789012:policy/boundary";
const signal = new AbortController().signal;

let iam: FakeIam;
let clockMs: number;
let boundaries: ClassBoundaries;
beforeEach(() => {
  iam = new FakeIam();
  clockMs = 0;
  const policies = new PolicyExistence(() => clockMs);
  boundaries = new ClassBoundaries(async (of) => requiredBoundary(of, { policies, reader: iam }));
});

function bounded(metadata: Partial<ObjectMeta> = {}, spec: Partial<InstanceProfileClassSpec> = {}) {
  return aClass({ permissionsBoundaryArn: ARN, ...spec }, { metadata });
}

const verify = (of = bounded()) => boundaries.verify(of, signal);
const MISSING = { kind: "missing", arn: ARN, accountId: "123456789012" };

describe("the boundary of a class", () => {
  test("is not reported when the class has none, and IAM is not read", async () => {
    expect(await verify(aClass())).toBeUndefined();
    expect(iam.policyReads).toEqual([]);
  });

  test("is verified once while it exists, and again when the class is edited, re-created or annotated", async () => {
    const edits: readonly Partial<ObjectMeta>[] = [
      { generation: 1 },
      { generation: 2 },
      { generation: 2, uid: "uid-2" },
      { generation: 2, uid: "uid-2", annotations: { "iam.instanceprofile.dev/reconcile-at": "now" } },
    ];
    for (const [index, metadata] of edits.entries()) {
      clockMs += 3_600_000;
      expect(await verify(bounded(metadata))).toBeUndefined();
      expect(await verify(bounded(metadata))).toBeUndefined();
      expect(iam.policyReads).toHaveLength(index + 1);
    }
  });

  test("is reported while it is missing, and found as soon as the policy is created", async () => {
    iam.missingPolicies.add(ARN);
    expect(await verify()).toEqual(MISSING);
    iam.missingPolicies.clear();
    clockMs += 59_999;
    expect(await verify()).toEqual(MISSING);
    clockMs += 1;
    expect(await verify()).toBeUndefined();
  });

  test("is missing without a request when it is in another account, because IAM accepts no such boundary", async () => {
    const arn = "arn:aws:iam::210987654321:policy/boundary";
    expect(await verify(bounded({}, { permissionsBoundaryArn: arn }))).toEqual({ ...MISSING, arn });
    expect(iam.policyReads).toEqual([]);
  });
});

describe("a boundary that cannot be verified", () => {
  const failing = (error: Error) => {
    iam.beforeRead = () => Promise.reject(error);
  };

  test("is verified again at once when the failure is transient", async () => {
    failing(new RetryableError("no reply from iam", { reason: "EndpointUnreachable" }));
    expect(await verify()).toEqual({ kind: "unverified", arn: ARN, why: "no reply from iam", isRetried: true });
    iam.beforeRead = async () => {};
    iam.missingPolicies.add(ARN);
    expect(await verify()).toEqual(MISSING);
  });

  test("is not verified again until the class is edited when the controller is not authorized", async () => {
    failing(new BlockedError("not authorized to perform iam:GetPolicy", { reason: "AccessDenied" }));
    const unverified = {
      kind: "unverified",
      arn: ARN,
      why: "not authorized to perform iam:GetPolicy",
      isRetried: false,
    };
    expect(await verify()).toEqual(unverified);
    iam.beforeRead = async () => {};
    expect(await verify()).toEqual(unverified);
    expect(await verify(bounded({ generation: 2 }))).toBeUndefined();
  });
});

test("a class that is created again after its deletion is verified again", async () => {
  await verify();
  boundaries.forget("readers");
  clockMs += 1;
  await verify();
  expect(iam.policyReads).toHaveLength(2);
});

const DENIED = new BlockedError("not authorized to perform iam:CreateRole", { reason: "AccessDenied" });
const PLAN = diff(desiredOf({ permissionsBoundaryArn: ARN }), NOTHING);
const [CREATE_ROLE] = PLAN.actions as [Action];

let boundary: RequiredBoundary | undefined;
beforeEach(() => {
  const policies = new PolicyExistence(() => 0);
  boundary = requiredBoundary(bounded(), { policies, reader: iam });
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
