import { beforeEach, describe, expect, test } from "vitest";
import { PolicyExistence } from "../../../src/engine/observe/policy-existence.ts";
import { type RequiredBoundary, requiredBoundary } from "../../../src/engine/reconcile/required-boundary.ts";
import { BlockedError, RetryableError } from "../../../src/errors.ts";
import { FakeIam } from "../../fakes/fake-iam.ts";
import { aClass } from "../../support/builders.ts";

const ARN = "arn:aws:iam::123456789012:policy/boundary";
const OTHER_ACCOUNT = "arn:aws:iam::210987654321:policy/boundary";
const DENIED = new BlockedError("not authorized to perform iam:PutRolePermissionsBoundary", { reason: "AccessDenied" });
const NOT_FOUND = new BlockedError("the policy does not exist", { reason: "PolicyNotFound" });
const NO_REPLY = new RetryableError("no reply", { reason: "EndpointUnreachable" });
const signal = new AbortController().signal;

let iam: FakeIam;
let nowMs: number;
let policies: PolicyExistence;
beforeEach(() => {
  iam = new FakeIam();
  nowMs = 1_000;
  policies = new PolicyExistence(() => nowMs);
});

function boundary(permissionsBoundaryArn = ARN): RequiredBoundary {
  return requiredBoundary(aClass({ permissionsBoundaryArn }), { policies, reader: iam }) as RequiredBoundary;
}

test("a class without a boundary requires none", () => {
  expect(requiredBoundary(aClass(), { policies, reader: iam })).toBeUndefined();
});

test("only a write that sets this boundary on a role concerns it", () => {
  const set = { kind: "PutRolePermissionsBoundary", roleName: "app" } as const;
  expect(boundary().isSetBy({ ...set, permissionsBoundaryArn: ARN })).toBe(true);
  expect(boundary().isSetBy({ ...set, permissionsBoundaryArn: OTHER_ACCOUNT })).toBe(false);
  expect(boundary().isSetBy({ kind: "DeleteRolePermissionsBoundary", roleName: "app" })).toBe(false);
});

describe("no role can have the boundary", () => {
  test("while its policy is known to be missing; the message says what to do", () => {
    expect(boundary().fault).toBeUndefined();
    policies.recordMissing(ARN);
    expect(boundary().fault).toEqual(
      new BlockedError(
        `permissions boundary ${ARN} of class readers does not exist in AWS account 123456789012, so no role can have it. The controller ` +
          "creates no role of the class and gives existing roles no more permissions. Ask the administrator of the class to create the " +
          "policy, or to correct spec.permissionsBoundaryArn of the class.",
        { reason: "PermissionsBoundaryNotFound" },
      ),
    );
  });

  test("when it is in another account, which IAM does not accept, but a policy of AWS is in reach", async () => {
    expect(boundary(OTHER_ACCOUNT).fault).toMatchObject({
      reason: "PermissionsBoundaryNotFound",
      message: expect.stringMatching(
        /is a policy of AWS account 210987654321, and the class is for account 123456789012,.* to correct spec\.permissionsBoundaryArn/s,
      ) as string,
    });
    expect(await boundary(OTHER_ACCOUNT).verify(true, signal)).toEqual({ kind: "missing" });
    expect(boundary("arn:aws:iam::aws:policy/ReadOnlyAccess").fault).toBeUndefined();
    expect(iam.policyReads).toEqual([]);
  });
});

describe("after IAM has refused to set the boundary", () => {
  const faultAfter = async (refusal: unknown): Promise<string | undefined> =>
    (await boundary().faultAfter(refusal, signal))?.reason;

  test("the boundary is the cause when IAM names it, without a further request", async () => {
    expect(await faultAfter(NOT_FOUND)).toBe("PermissionsBoundaryNotFound");
    expect(boundary().fault).toBeDefined();
    expect(iam.policyReads).toEqual([]);
  });

  test("the boundary is the cause when the policy does not exist, whatever IAM says", async () => {
    iam.missingPolicies.add(ARN);
    expect(await faultAfter(DENIED)).toBe("PermissionsBoundaryNotFound");
  });

  test("the boundary is the cause when it is in another account, whether or not its policy exists there", async () => {
    expect(await boundary(OTHER_ACCOUNT).faultAfter(DENIED, signal)).toMatchObject({
      reason: "PermissionsBoundaryNotFound",
    });
    expect(iam.policyReads).toEqual([]);
  });

  test("the boundary is not the cause when its policy exists, which one request in ten minutes confirms", async () => {
    for (let i = 0; i < 3; i++) expect(await faultAfter(DENIED)).toBeUndefined();
    expect(iam.policyReads).toEqual([ARN]);
    nowMs += 600_000;
    await faultAfter(DENIED);
    expect(iam.policyReads).toHaveLength(2);
  });

  test("nothing is known when the controller is not authorized to read the policy", async () => {
    iam.beforeRead = () => Promise.reject(DENIED);
    expect(await faultAfter(DENIED)).toBeUndefined();
  });

  test("a transient failure of the check is raised as it is, so that the write is retried", async () => {
    iam.beforeRead = () => Promise.reject(NO_REPLY);
    expect(await faultAfter(DENIED)).toBe("EndpointUnreachable");
  });

  test("a transient refusal says nothing about the boundary", async () => {
    iam.missingPolicies.add(ARN);
    expect(await faultAfter(NO_REPLY)).toBeUndefined();
    expect(iam.policyReads).toEqual([]);
  });
});

test("the boundary of an edited class is verified at once, and of another class when the verdict is missing", async () => {
  expect(await boundary().verify(true, signal)).toEqual({ kind: "exists" });
  iam.missingPolicies.add(ARN);
  nowMs += 3_600_000;
  expect(await boundary().verify(false, signal)).toEqual({ kind: "exists" });
  expect(await boundary().verify(true, signal)).toEqual({ kind: "missing" });
  iam.missingPolicies.clear();
  nowMs += 59_999;
  expect(await boundary().verify(false, signal)).toEqual({ kind: "missing" });
  nowMs += 1;
  expect(await boundary().verify(false, signal)).toEqual({ kind: "exists" });
});
