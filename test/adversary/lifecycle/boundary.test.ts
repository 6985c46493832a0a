import { beforeEach, describe, expect, test } from "vitest";
import type { InstanceProfileClassSpec } from "../../../src/api/instance-profile-class.ts";
import type { KubeObject } from "../../../src/engine/ports.ts";
import { BlockedError, ThrottledError } from "../../../src/errors.ts";
import { aClass } from "../../support/builders.ts";
import { Desk } from "../../unit/controller/desk.ts";

// A class names a permissions boundary that is not there: a typo, a deleted policy. No team may lose what it has, or gain anything, by it.

type ClassSpec = Partial<InstanceProfileClassSpec>;
type Spec = Readonly<Record<string, unknown>>;

const SSM = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";
const OLD = "arn:aws:iam::123456789012:policy/k8s-boundary";
const TYPO = "arn:aws:iam::123456789012:policy/k8s-bondary";
const GET = { effect: "Allow", actions: ["s3:GetObject"], resources: ["*"] };
const PUT = { effect: "Allow", actions: ["s3:PutObject"], resources: ["*"] };
const BASE: ClassSpec = {
  allowedActions: ["s3:*"],
  allowedManagedPolicies: ["arn:aws:iam::aws:policy/*"],
  onViolation: "Strip",
};
const DENIED = new BlockedError("not authorized to perform iam:PutRolePermissionsBoundary", { reason: "AccessDenied" });

let desk: Desk;
let generation: number;
/** Times that AWS has refused the boundary. */
let refusals: number;
beforeEach(() => {
  desk = new Desk();
  generation = 0;
  refusals = 0;
  desk.iam.missingPolicies.add(TYPO);
});

function classIs(spec: ClassSpec): void {
  generation += 1;
  desk.classes = [aClass(spec, { metadata: { generation } }) as unknown as KubeObject];
}

async function created(spec: Spec = {}, by: ClassSpec = BASE): Promise<void> {
  classIs(by);
  desk.apply({ className: "readers", statements: [GET], managedPolicyArns: [SSM], ...spec });
  await desk.reconcile();
  expect(desk.ready).toBe("True InSync");
}

/** The role as it grants: policies, boundary and trust. */
function grants(): unknown {
  const { inlinePolicyDocuments, managedPolicyArns, permissionsBoundaryArn, trustPolicy } = desk.iam.role("app") ?? {};
  return { inlinePolicyDocuments, managedPolicyArns, permissionsBoundaryArn, trustPolicy };
}

/** The shipped policy lets the controller put one boundary on roles: of any other AWS says AccessDenied, whether it exists or not. */
function allowsNoBoundary(): void {
  desk.iam.fate = (action) => {
    if (action.kind !== "PutRolePermissionsBoundary") return "do";
    refusals += 1;
    return DENIED;
  };
}

function hours(count: number): Promise<void> {
  return Array.from({ length: count * 60 }).reduce<Promise<void>>(async (before) => {
    await before;
    desk.nowMs += 60_000;
    await desk.reconcile();
  }, Promise.resolve());
}

describe("A permissions boundary that does not exist takes nothing from the roles of its class", () => {
  test.each<[string, ClassSpec, Spec]>([
    ["that had none", BASE, {}],
    ["that had another", { ...BASE, permissionsBoundaryArn: OLD }, {}],
    ["of an object that is suspended since", BASE, { suspend: true }],
    ["of an object that is a dry run since", BASE, { mode: "DryRun" }],
  ])("%s", async (_, before, since) => {
    await created({}, before);
    const had = grants();
    desk.apply({ className: "readers", statements: [GET], managedPolicyArns: [SSM], ...since });
    classIs({ ...BASE, permissionsBoundaryArn: TYPO });
    await desk.reconcile();
    await hours(1);
    expect(grants()).toEqual(had);
    expect(desk.condition("Compliant")).toBe("False PermissionsBoundaryNotFound");
    // IAM's refusal says it already.
    expect(desk.iam.policyReads).toEqual([]);
  });

  test("nor when AWS does not let the controller set that boundary, and IAM is asked for the policy once", async () => {
    await created();
    const had = grants();
    allowsNoBoundary();
    classIs({ ...BASE, permissionsBoundaryArn: TYPO });
    await desk.reconcile();
    await hours(1);
    expect(grants()).toEqual(had);
    expect(desk.ready).toBe("False PermissionsBoundaryNotFound");
    expect(desk.iam.policyReads).toEqual([TYPO]);
    expect(refusals).toBe(1);
  });

  test("nor while it cannot be known whether it exists", async () => {
    await created();
    const had = grants();
    allowsNoBoundary();
    desk.iam.policyExists = () => Promise.reject(new ThrottledError("Rate exceeded", { reason: "Throttled" }));
    classIs({ ...BASE, permissionsBoundaryArn: TYPO });
    const requeue = await desk.reconcile();
    expect(grants()).toEqual(had);
    expect(requeue.kind).not.toBe("done");
  });

  test("nor when it is of another account, which IAM need not be asked", async () => {
    await created();
    const had = grants();
    allowsNoBoundary();
    classIs({ ...BASE, permissionsBoundaryArn: OLD.replace("123456789012", "123456789013") });
    await desk.reconcile();
    expect(grants()).toEqual(had);
    expect(desk.ready).toBe("False PermissionsBoundaryNotFound");
    expect(desk.iam.policyReads).toEqual([]);
  });

  test("and the object says what, where, why and what to do", async () => {
    await created();
    classIs({ ...BASE, permissionsBoundaryArn: TYPO });
    await desk.reconcile();
    expect(desk.message).toBe(
      `permissions boundary ${TYPO} of class readers does not exist in AWS account 123456789012, so no role can have it. The controller ` +
        "creates no role of the class and gives existing roles no more permissions. Ask the administrator of the class to create the policy, " +
        "or to correct spec.permissionsBoundaryArn of the class.",
    );
    expect(desk.eventReasons).toContain("PermissionsBoundaryNotFound");
    expect(desk.eventReasons).not.toContain("AccessStripped");
  });
});

describe("A permissions boundary that exists and cannot be set", () => {
  test("strips the role, for nothing bounds it", async () => {
    await created();
    allowsNoBoundary();
    classIs({ ...BASE, permissionsBoundaryArn: OLD });
    await desk.reconcile();
    expect(grants()).toMatchObject({ inlinePolicyDocuments: {}, managedPolicyArns: [] });
    expect(desk.iam.policyReads).toEqual([OLD]);
  });

  test("strips it too when the controller may not read the policy", async () => {
    await created();
    allowsNoBoundary();
    desk.iam.policyExists = () => Promise.reject(new BlockedError("not authorized", { reason: "AccessDenied" }));
    classIs({ ...BASE, permissionsBoundaryArn: TYPO });
    await desk.reconcile();
    expect(grants()).toMatchObject({ inlinePolicyDocuments: {}, managedPolicyArns: [] });
  });

  test("costs one read of the policy in ten minutes, however often the role is reconciled", async () => {
    await created();
    allowsNoBoundary();
    classIs({ ...BASE, permissionsBoundaryArn: OLD });
    await hours(1);
    expect(desk.iam.policyReads.length).toBeLessThanOrEqual(6);
  });
});

describe("Nobody gains by a permissions boundary that does not exist", () => {
  const missing: ClassSpec = { ...BASE, permissionsBoundaryArn: TYPO };

  test("what the class does not allow leaves AWS all the same", async () => {
    await created({ statements: [GET, PUT] });
    classIs({ ...missing, allowedActions: ["s3:Get*"], allowedManagedPolicies: [] });
    await desk.reconcile();
    await hours(1);
    expect(JSON.stringify(grants())).not.toContain("s3:PutObject");
    expect(grants()).toMatchObject({ managedPolicyArns: [], permissionsBoundaryArn: undefined });
    expect(desk.condition("Compliant")).toBe("False ActionNotAllowed");
  });

  test.each<[string, ClassSpec]>([
    ["a role without a boundary", BASE],
    ["a role with another boundary", { ...BASE, permissionsBoundaryArn: OLD }],
  ])("%s is given nothing more, and an edit loses nothing", async (_, before) => {
    await created({}, before);
    const had = grants();
    classIs(missing);
    await desk.reconcile();
    desk.apply({
      className: "readers",
      statements: [PUT],
      managedPolicyArns: ["arn:aws:iam::aws:policy/AdministratorAccess"],
    });
    await desk.reconcile();
    await hours(1);
    expect(grants()).toEqual(had);
  });

  test.each(["Keep", "Strip"] as const)("no role is created in a class with onViolation: %s", async (onViolation) => {
    classIs({ ...missing, onViolation });
    desk.apply({ className: "readers", statements: [GET] });
    await desk.reconcile();
    await hours(1);
    expect(desk.iam.role("app")).toBeUndefined();
    expect(desk.ready).toBe("False PermissionsBoundaryNotFound");
  });

  test("an author who names a missing boundary keeps nothing by it: the role gets that of its class", async () => {
    await created({ statements: [GET, PUT] });
    desk.apply({ className: "readers", statements: [GET, PUT], permissionsBoundaryArn: TYPO });
    classIs({ ...BASE, allowedActions: ["s3:Get*"], permissionsBoundaryArn: OLD });
    await desk.reconcile();
    expect(JSON.stringify(grants())).not.toContain("s3:PutObject");
    expect(grants()).toMatchObject({ permissionsBoundaryArn: OLD });
  });

  test("an author who names a missing boundary, where the class requires none, is stripped of what the class forbids", async () => {
    await created({ statements: [GET, PUT] });
    desk.apply({ className: "readers", statements: [GET, PUT], permissionsBoundaryArn: TYPO });
    classIs({ ...BASE, allowedActions: ["s3:Get*"] });
    await desk.reconcile();
    expect(JSON.stringify(grants())).not.toContain("s3:PutObject");
    expect(desk.ready).toBe("False PolicyNotFound");
  });

  test("a deletion goes on", async () => {
    await created();
    classIs(missing);
    await desk.reconcile();
    desk.kube.delete({ namespace: "default", name: "app" });
    await desk.reconcile();
    expect(desk.iam.role("app")).toBeUndefined();
  });
});
