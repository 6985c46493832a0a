import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ALLOW_ALL, EC2_TRUST, outsider } from "../support/outsider.ts";
import { manifest, World } from "../support/world.ts";

const KEY = { namespace: "default", name: "s3-read-only" };
let world: World;

beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.close());

describe("the main job", () => {
  test("creates role, policy, profile and membership with 4 writes and 2 reads, and shows the ARNs", async () => {
    world.kube.apply(manifest());
    await world.controller().settle();
    expect(world.awsWrites()).toEqual([
      "CreateRole",
      "PutRolePolicy",
      "CreateInstanceProfile",
      "AddRoleToInstanceProfile",
    ]);
    expect(world.aws.calls.all.length).toBe(6);
    expect(world.kube.writes).toEqual(["patch", "patchStatus"]);
    expect(world.object()?.status).toMatchObject({
      observedGeneration: 1,
      accountId: "123456789012",
      role: { arn: "arn:aws:iam::123456789012:role/s3-read-only", id: expect.stringMatching(/^AROA/) },
      instanceProfile: {
        arn: "arn:aws:iam::123456789012:instance-profile/s3-read-only",
        id: expect.stringMatching(/^AIPA/),
      },
      conditions: [{ type: "Ready", status: "True", reason: "InSync", observedGeneration: 1 }],
    });
    expect(world.kube.events.map((event) => event.reason)).toEqual(["Created"]);
  });

  test("writes nothing in ten further reconciles when nothing changes", async () => {
    world.kube.apply(manifest());
    const controller = world.controller();
    await controller.settle();
    const [aws, kube, events] = [world.awsWrites().length, world.kube.writes.length, world.kube.events.length];
    for (let i = 0; i < 10; i++) {
      world.nowMs += 600_000;
      await controller.once();
    }
    expect([world.awsWrites().length, world.kube.writes.length, world.kube.events.length]).toEqual([aws, kube, events]);
  });

  test("writes nothing after a restart when nothing changed", async () => {
    world.kube.apply(manifest());
    await world.controller().settle();
    world.aws.calls.reset();
    const kube = world.kube.writes.length;
    await world.controller().settle();
    expect(world.aws.calls.writes()).toEqual([]);
    expect(world.kube.writes.length).toBe(kube);
    expect(world.aws.calls.all.length).toBe(5);
  });

  test("an edit of the statements is one write", async () => {
    world.kube.apply(manifest());
    const controller = world.controller();
    await controller.settle();
    world.aws.calls.reset();
    world.kube.apply(manifest({ statements: [{ effect: "Allow", actions: ["s3:GetObject"], resources: ["*"] }] }));
    await controller.settle();
    expect(world.awsWrites()).toEqual(["PutRolePolicy"]);
    expect(world.ready()).toBe("True InSync");
    expect(world.object()?.status?.observedGeneration).toBe(2);
    expect(world.kube.events.map((event) => event.reason)).toEqual(["Created", "Updated"]);
  });

  test("deletes with the four reverse writes and lets the object go when all is gone", async () => {
    world.kube.apply(manifest());
    const controller = world.controller();
    await controller.settle();
    world.aws.calls.reset();
    world.kube.delete(KEY);
    await controller.settle();
    expect(world.awsWrites()).toEqual([
      "RemoveRoleFromInstanceProfile",
      "DeleteInstanceProfile",
      "DeleteRolePolicy",
      "DeleteRole",
    ]);
    expect(world.object()).toBeUndefined();
    expect(world.kube.events.at(-1)).toMatchObject({ reason: "Deleted", type: "Normal" });
  });

  test("adds the finalizer before the first AWS write", async () => {
    world.kube.apply(manifest());
    const controller = world.controller();
    await controller.settle();
    const order = controller.interceptor.calls.map(({ port, method }) => `${port}.${method}`);
    expect(order.indexOf("kube.patch")).toBeLessThan(order.indexOf("aws.perform"));
  });

  test("repairs drift with one write and says so", async () => {
    world.kube.apply(manifest());
    const controller = world.controller();
    await controller.settle();
    await outsider(world.aws.url, "PutRolePolicy", {
      RoleName: "s3-read-only",
      PolicyName: "s3-read-only",
      PolicyDocument: ALLOW_ALL,
    });
    world.aws.calls.reset();
    world.nowMs += 600_000;
    await controller.settle();
    expect(world.awsWrites()).toEqual(["PutRolePolicy"]);
    expect(world.kube.events.map((event) => event.reason)).toEqual(["Created", "DriftRepaired"]);
  });

  test("leaves a role it does not own untouched, says whose it is not, and takes it when it is offered", async () => {
    await outsider(world.aws.url, "CreateRole", { RoleName: "s3-read-only", AssumeRolePolicyDocument: EC2_TRUST });
    world.aws.calls.reset();
    world.kube.apply(manifest());
    const controller = world.controller();
    await controller.settle();
    expect(world.awsWrites()).toEqual([]);
    expect(world.ready()).toBe("False AlreadyExists");
    expect(world.object()?.status?.conditions?.map(({ type }) => type)).toEqual(["Ready", "Stalled"]);
    world.kube.apply(manifest({ adoptionPolicy: "IfExists" }));
    await controller.settle();
    expect(world.ready()).toBe("True InSync");
    expect(world.kube.events.at(-1)?.reason).toBe("Adopted");
  });

  test("a second object on the same name is blocked, and its deletion touches nothing", async () => {
    const second = { namespace: "default", name: "second" };
    world.kube.apply(manifest());
    const controller = world.controller();
    await controller.settle();
    world.kube.apply(manifest({ roleName: "S3-READ-ONLY" }, second));
    world.aws.calls.reset();
    await controller.settle(second);
    expect(world.ready(second)).toBe("False OwnedByAnother");
    world.kube.delete(second);
    await controller.settle(second);
    expect(world.object(second)).toBeUndefined();
    expect(world.awsWrites()).toEqual([]);
    expect(world.ready()).toBe("True InSync");
  });

  test("className is blocked and nothing is written to AWS", async () => {
    world.kube.apply(manifest({ className: "prod" }));
    await world.controller().settle();
    expect(world.ready()).toBe("False ClassNotSupported");
    expect(world.aws.calls.all).toEqual([]);
    expect(world.object()?.metadata.finalizers).toBeUndefined();
  });

  test("suspend leaves AWS alone and keeps what Ready said", async () => {
    world.kube.apply(manifest());
    const controller = world.controller();
    await controller.settle();
    world.aws.calls.reset();
    world.kube.apply(
      manifest({ suspend: true, statements: [{ effect: "Allow", actions: ["s3:*"], resources: ["*"] }] }),
    );
    await controller.settle();
    expect(world.aws.calls.all).toEqual([]);
    expect(world.ready()).toBe("True Suspended");
  });

  test("DryRun shows the plan in status and writes nothing to AWS", async () => {
    world.kube.apply(manifest({ mode: "DryRun" }));
    await world.controller().settle();
    expect(world.awsWrites()).toEqual([]);
    expect(world.ready()).toBe("False DryRun");
    expect(world.object()?.status?.plan).toEqual([
      "+ role s3-read-only",
      "+ inline policy s3-read-only of role s3-read-only",
      "+ instance profile s3-read-only",
      "+ role s3-read-only in instance profile s3-read-only",
    ]);
  });

  test("deletionPolicy Retain lets the object go and leaves AWS as it is; the next object of that name resumes", async () => {
    world.kube.apply(manifest({ deletionPolicy: "Retain" }));
    const controller = world.controller();
    await controller.settle();
    world.aws.calls.reset();
    world.kube.delete(KEY);
    await controller.settle();
    expect(world.object()).toBeUndefined();
    expect(world.awsWrites()).toEqual([]);
    world.kube.apply(manifest());
    await controller.settle();
    expect(world.awsWrites()).toEqual(["TagRole", "TagInstanceProfile"]);
    expect(world.ready()).toBe("True InSync");
  });

  test("reconcile-at is answered in status", async () => {
    world.kube.apply(manifest());
    const controller = world.controller();
    await controller.settle();
    world.nowMs += 60_000;
    world.kube.annotate(KEY, { "iam.instanceprofile.dev/reconcile-at": "now" });
    await controller.settle();
    expect(world.object()?.status).toMatchObject({
      lastHandledReconcileAt: "now",
      lastVerifiedTime: "2026-01-01T00:01:00Z",
    });
  });
});
