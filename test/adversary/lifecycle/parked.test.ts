import { beforeEach, describe, expect, test } from "vitest";
import type { InstanceProfileClassSpec } from "../../../src/api/instance-profile-class.ts";
import type { KubeObject } from "../../../src/engine/ports.ts";
import { BlockedError, ThrottledError } from "../../../src/errors.ts";
import type { Action } from "../../../src/plan/action.ts";
import { aClass } from "../../support/builders.ts";
import { Desk, KEY } from "../../unit/controller/desk.ts";

type ClassSpec = Partial<InstanceProfileClassSpec>;
type Spec = Readonly<Record<string, unknown>>;

const SSM = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";
const BOUNDARY = "arn:aws:iam::123456789012:policy/k8s-boundary";
const GET = { effect: "Allow", actions: ["s3:GetObject"], resources: ["*"] };
const ALL_OF_S3 = { effect: "Allow", actions: ["s3:*"], resources: ["*"] };

const WIDE: ClassSpec = {
  allowedActions: ["s3:*"],
  allowedManagedPolicies: ["arn:aws:iam::aws:policy/*"],
  onViolation: "Strip",
};
const NARROW: ClassSpec = { allowedActions: ["s3:Get*"], onViolation: "Strip" };
const BOUNDED: ClassSpec = { ...WIDE, permissionsBoundaryArn: BOUNDARY };

const REFUSED = new BlockedError("not authorized", { reason: "AccessDenied" });

let desk: Desk;
let generation = 0;
beforeEach(() => {
  desk = new Desk();
});

function classIs(spec: ClassSpec): void {
  generation += 1;
  desk.classes = [aClass(spec, { metadata: { generation } }) as unknown as KubeObject];
}

function edit(spec: Spec): void {
  desk.apply({ className: "readers", statements: [GET], ...spec });
}

/** An object with all of S3 and an attached policy, in sync under the wide class. */
async function wide(spec: Spec = {}): Promise<void> {
  classIs(WIDE);
  edit({ statements: [ALL_OF_S3], managedPolicyArns: [SSM], ...spec });
  await desk.reconcile();
  expect(desk.ready).toBe("True InSync");
}

function access(): string {
  const { inlinePolicyDocuments, managedPolicyArns, permissionsBoundaryArn } = desk.iam.role("app") ?? {};
  return JSON.stringify({ inlinePolicyDocuments, managedPolicyArns, permissionsBoundaryArn });
}

function refuse(...kinds: readonly Action["kind"][]): void {
  desk.iam.fate = (action) => (kinds.includes(action.kind) ? REFUSED : "do");
}

describe("A spec that is within the narrowed class keeps no wider access in AWS that it leaves unapplied", () => {
  test.each<[string, () => void]>([
    ["it is suspended", () => edit({ suspend: true })],
    ["it is a dry run", () => edit({ mode: "DryRun" })],
    ["IAM refuses its policy and its detachments", () => edit({ description: "edited" })],
  ])("because %s", async (_, park) => {
    await wide();
    park();
    refuse("PutRolePolicy", "UpdateRole");
    await desk.reconcile();
    expect(access()).toContain("s3:*");
    classIs(NARROW);
    await desk.reconcile();
    expect(access()).not.toContain("s3:*");
    expect(access()).not.toContain(SSM);
    expect(desk.eventReasons).toContain("AccessStripped");
  });

  test.each<[string, Spec]>([
    ["suspended", { suspend: true }],
    ["a dry run", { mode: "DryRun" }],
  ])("and the boundary that the class now asks for is set, though the object is %s", async (_, spec) => {
    await wide();
    edit({ statements: [ALL_OF_S3], managedPolicyArns: [SSM], ...spec });
    await desk.reconcile();
    classIs(BOUNDED);
    await desk.reconcile();
    expect(desk.iam.role("app")?.permissionsBoundaryArn).toBe(BOUNDARY);
    expect(access()).toContain("s3:*");
  });

  test.each<[string, Spec, readonly string[] | undefined]>([
    ["it is suspended", { suspend: true }, ["+ inline policy app of role app"]],
    ["it is a dry run", { mode: "DryRun" }, ["+ inline policy app of role app"]],
    ["IAM refuses its policy", { description: "edited" }, ["+ inline policy app of role app"]],
    ["its spec cannot be read", { statements: [{ effect: "Maybe" }] }, undefined],
  ])("and status.plan is for AWS as it is after the removal, where %s", async (_, spec, plan) => {
    await wide({ managedPolicyArns: [] });
    refuse("PutRolePolicy", "UpdateRole");
    edit({ mode: "DryRun" });
    await desk.reconcile();
    expect(desk.object?.status?.plan).toEqual([expect.stringMatching(/^Grants /), "~ inline policy app of role app"]);
    edit(spec);
    await desk.reconcile();
    classIs(NARROW);
    await desk.reconcile();
    expect(access()).not.toContain("s3:*");
    expect(desk.object?.status?.plan?.filter((line) => line.includes("policy"))).toEqual(plan);
    expect(desk.object?.status?.plan?.some((line) => line.startsWith("~ inline"))).not.toBe(true);
  });

  test("and what AWS refuses to remove is said by the condition Compliant", async () => {
    await wide();
    edit({ suspend: true });
    await desk.reconcile();
    refuse("DetachRolePolicy");
    classIs(NARROW);
    await desk.reconcile();
    expect(access()).not.toContain("s3:*");
    expect(desk.condition("Compliant")).toBe("False AccessBeyondClass");
    expect(desk.condition("Ready")).toBe("False AccessDenied");
  });

  test("and where nothing is beyond the class a suspended object stays as it is", async () => {
    await wide();
    edit({ statements: [ALL_OF_S3], managedPolicyArns: [SSM], suspend: true });
    const writes = desk.iam.writes.length;
    classIs({ ...WIDE, maxPerNamespace: 7 });
    await desk.reconcile();
    expect(desk.iam.writes.length).toBe(writes);
    expect(desk.condition("Compliant")).toBe("True WithinClass");
    expect(desk.condition("Ready")).toBe("True Suspended");
  });

  test("but Keep leaves it", async () => {
    await wide();
    edit({ suspend: true });
    await desk.reconcile();
    const writes = desk.iam.writes.length;
    classIs({ ...NARROW, onViolation: "Keep" });
    await desk.reconcile();
    expect(desk.iam.writes.length).toBe(writes);
  });
});

describe("A deletion that does not end keeps no access that the class has taken back", () => {
  test.each<[string, () => void]>([
    ["the object is suspended", () => edit({ statements: [ALL_OF_S3], suspend: true })],
    ["the object is a dry run", () => edit({ statements: [ALL_OF_S3], mode: "DryRun" })],
    ["the spec cannot be read", () => edit({ statements: [{ effect: "Maybe" }] })],
    ["AWS refuses the deletion of the profile", () => refuse("RemoveRoleFromInstanceProfile")],
    ["the spec fits the narrowed class", () => edit({ suspend: true })],
  ])("though %s", async (_, hold) => {
    await wide();
    hold();
    await desk.reconcile();
    desk.kube.delete(KEY);
    await desk.reconcile();
    expect(desk.object).toBeDefined();
    expect(access()).toContain("s3:*");
    classIs(NARROW);
    await desk.reconcile();
    expect(desk.iam.role("app")).toBeDefined();
    expect(access()).not.toContain("s3:*");
    expect(access()).not.toContain(SSM);
  });

  test("and the deletion ends as before once nothing holds it", async () => {
    await wide();
    edit({ statements: [ALL_OF_S3], suspend: true });
    desk.kube.delete(KEY);
    classIs(NARROW);
    await desk.reconcile();
    expect(desk.condition("Compliant")).toBe("False ActionNotAllowed");
    edit({ statements: [ALL_OF_S3] });
    await desk.reconcile();
    desk.nowMs += 200_000;
    await desk.reconcile();
    expect(desk.object).toBeUndefined();
    expect(desk.iam.account.roles).toEqual({});
  });
});

describe("A removal that AWS puts off takes nothing else away", () => {
  test("as when the boundary of the class is throttled", async () => {
    await wide();
    const throttled = new ThrottledError("slow down", { reason: "Throttling" });
    desk.iam.fate = (action) => (action.kind === "PutRolePermissionsBoundary" ? throttled : "do");
    classIs(BOUNDED);
    const requeue = await desk.reconcile();
    expect(access()).toContain("s3:*");
    expect(requeue.kind).not.toBe("done");
    desk.iam.fate = () => "do";
    await desk.reconcile();
    expect(desk.iam.role("app")?.permissionsBoundaryArn).toBe(BOUNDARY);
    expect(access()).toContain("s3:*");
  });
});
