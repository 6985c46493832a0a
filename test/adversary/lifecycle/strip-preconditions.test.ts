import { beforeEach, describe, expect, test } from "vitest";
import type { InstanceProfileClassSpec } from "../../../src/api/instance-profile-class.ts";
import type { KubeObject } from "../../../src/engine/ports.ts";
import { RetryableError } from "../../../src/errors.ts";
import { aClass } from "../../support/builders.ts";
import { Desk, KEY } from "../../unit/controller/desk.ts";

/** What must hold before access that a class forbids is removed: a removal is a write like any other. */
const ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess";
const SSM = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";
const GET = { effect: "Allow", actions: ["s3:GetObject"], resources: ["*"] };
const SPEC = { className: "readers", statements: [GET], managedPolicyArns: [ADMIN, SSM] };
/** Cannot be read, so no plan is made for it. */
const UNREADABLE = { ...SPEC, statements: [{ effect: "Maybe" }] };
const WIDE = { allowedActions: ["s3:*"], allowedManagedPolicies: ["arn:aws:iam::aws:policy/*"] };

let desk: Desk;
beforeEach(async () => {
  desk = new Desk();
  classIs(WIDE, 1);
  desk.apply(SPEC);
  await desk.reconcile();
  expect(desk.ready).toBe("True InSync");
  desk.iam.writes.length = 0;
});

function classIs(spec: Partial<InstanceProfileClassSpec>, generation: number): void {
  desk.classes = [aClass({ ...spec, onViolation: "Strip" }, { metadata: { generation } }) as unknown as KubeObject];
}

/** The class forbids the attached policies, and only a removal can take them away. */
function narrowed(): void {
  classIs({ allowedActions: ["s3:*"] }, 2);
  desk.apply(UNREADABLE);
}

const attached = (): readonly string[] => desk.iam.role("app")?.managedPolicyArns ?? [];

test("It is removed from an object whose spec cannot be read", async () => {
  narrowed();
  await desk.reconcile();
  expect(attached()).toEqual([]);
});

describe("Nothing is removed", () => {
  test("while IAM does not show the role, though this process created it moments ago: another may have the name", async () => {
    narrowed();
    desk.iam.lag = desk.iam.writes.length + 20;
    await desk.reconcile();
    expect(desk.iam.writes).toEqual([]);
    expect(desk.condition("Compliant")).toMatch(/^False /);
    desk.iam.lag = 0;
    await desk.reconcile();
    expect(attached()).toEqual([]);
  });

  test("from a role that lost its owner tags within seconds of its creation", async () => {
    narrowed();
    desk.iam.outsider(({ roles: { app }, instanceProfiles }) => ({
      roles: app ? { app: { ...app, tags: {} } } : {},
      instanceProfiles,
    }));
    await desk.reconcile();
    expect(desk.iam.writes).toEqual([]);
  });

  test.each<[string, () => void]>([
    ["the spec was edited", () => desk.apply({ ...UNREADABLE, description: "edited" })],
    ["the object is gone", () => desk.kube.forget(KEY)],
    ["the class allows it again", () => classIs(WIDE, 3)],
  ])("when %s while the removal waits for its turn", async (_what, change) => {
    narrowed();
    desk.iam.beforeWrite = async () => {
      desk.nowMs += 6_000;
      change();
    };
    expect(await desk.reconcile()).toEqual({ kind: "backoff" });
    expect(desk.iam.writes).toEqual([]);
  });

  test("after the first removal, when the class allows the rest again", async () => {
    narrowed();
    let count = 0;
    desk.iam.beforeWrite = async () => {
      count += 1;
      if (count === 2) classIs(WIDE, 3);
    };
    await desk.reconcile();
    expect(desk.iam.writes).toHaveLength(1);
  });
});

test("What was removed is not removed once more while IAM still shows it", async () => {
  narrowed();
  await desk.reconcile();
  const removals = desk.iam.writes.length;
  expect(removals).toBeGreaterThan(0);
  desk.iam.lag = 1;
  await desk.reconcile();
  expect(desk.iam.writes).toHaveLength(removals);
});

test("A boundary that gets no reply takes nothing else away in its place: it is tried again", async () => {
  classIs({ ...WIDE, permissionsBoundaryArn: "arn:aws:iam::123456789012:policy/k8s-boundary" }, 2);
  const noReply = new RetryableError("no reply from iam", { reason: "EndpointUnreachable" });
  desk.iam.fate = ({ kind }) => (kind === "PutRolePermissionsBoundary" ? noReply : "do");
  expect(await desk.reconcile()).toEqual({ kind: "backoff" });
  expect(attached()).toEqual([ADMIN, SSM]);
  desk.iam.fate = () => "do";
  await desk.reconcile();
  expect(desk.iam.role("app")?.permissionsBoundaryArn).toContain("k8s-boundary");
});

test("A suspended object whose role cannot be read is tried again, though its spec is within the class", async () => {
  desk.apply({ ...SPEC, suspend: true });
  desk.iam.getRole = () => Promise.reject(new RetryableError("no reply from iam", { reason: "EndpointUnreachable" }));
  expect(await desk.reconcile()).toEqual({ kind: "backoff" });
});

test("A spec that cannot be read does not put off a removal that gets no reply: it is tried again with backoff", async () => {
  narrowed();
  const noReply = new RetryableError("no reply from iam", { reason: "EndpointUnreachable" });
  desk.iam.fate = () => noReply;
  expect(await desk.reconcile()).toEqual({ kind: "backoff" });
  desk.iam.fate = () => "do";
  await desk.reconcile();
  expect(attached()).not.toContain(ADMIN);
});
