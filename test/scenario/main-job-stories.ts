import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { NOTHING_IN_AWS } from "../support/aws-state.ts";
import { ALLOW_ALL, EC2_TRUST } from "../support/outsider.ts";
import { besidesCompliant, writesOfCreation } from "../support/scenario-class.ts";
import type { ScenarioWorld } from "../support/scenario-world.ts";

/** What one object and its user go through, wherever the cluster and the account are. */
export function mainJobStories(open: () => Promise<ScenarioWorld>): void {
  let world: ScenarioWorld;
  beforeAll(async () => {
    world = await open();
  });
  beforeEach(() => world.reset());
  afterAll(() => world?.close());

  test("creates role, policy, profile and membership with 4 writes and 2 reads, and shows the ARNs", async () => {
    await world.apply(world.manifest());
    await world.controller().settle();
    expect(world.awsWrites()).toEqual([
      "CreateRole",
      "PutRolePolicy",
      "CreateInstanceProfile",
      "AddRoleToInstanceProfile",
    ]);
    expect(world.awsCalls().length).toBe(6);
    expect(world.kubeWrites()).toEqual(writesOfCreation());
    expect((await world.object())?.status).toMatchObject({
      observedGeneration: 1,
      accountId: world.accountId,
      role: { arn: `arn:aws:iam::${world.accountId}:role/${world.key.name}`, id: expect.stringMatching(/^AROA/) },
      // moto's ids of profiles do not begin with AIPA.
      instanceProfile: {
        arn: `arn:aws:iam::${world.accountId}:instance-profile/${world.key.name}`,
        id: expect.stringMatching(/^\w{16,}$/),
      },
    });
    const [ready] = (await world.object())?.status?.conditions ?? [];
    expect(ready).toMatchObject({ type: "Ready", status: "True", reason: "InSync", observedGeneration: 1 });
    expect(await world.eventReasons()).toEqual(["Created"]);
  });

  test("writes nothing in ten further reconciles when nothing changes, and in the second hour one lastVerifiedTime", async () => {
    await world.apply(world.manifest());
    const controller = world.controller();
    await controller.settle();
    const writes = async () =>
      [world.awsWrites(), world.kubeWrites(), await world.eventReasons()].map((all) => all.length);
    const before = await writes();
    for (let i = 0; i < 10; i++) {
      world.nowMs += 300_000;
      await controller.once();
    }
    expect(await writes()).toEqual(before);
    for (let i = 0; i < 10; i++) {
      world.nowMs += 300_000;
      await controller.once();
    }
    const [awsWrites = 0, kubeWrites = 0, events = 0] = before;
    expect(await writes()).toEqual([awsWrites, kubeWrites + 1, events]);
  });

  test("writes nothing after a restart when nothing changed", async () => {
    await world.apply(world.manifest());
    await world.controller().settle();
    world.forgetCalls();
    await world.controller().settle();
    expect(world.awsWrites()).toEqual([]);
    expect(world.kubeWrites()).toEqual([]);
    expect(world.awsCalls().length).toBe(5);
  });

  test("an edit of the statements is one write", async () => {
    await world.apply(world.manifest());
    const controller = world.controller();
    await controller.settle();
    world.forgetCalls();
    await world.apply(
      world.manifest({ statements: [{ effect: "Allow", actions: ["s3:GetObject"], resources: ["*"] }] }),
    );
    await controller.settle();
    expect(world.awsWrites()).toEqual(["PutRolePolicy"]);
    expect(await world.ready()).toBe("True InSync");
    expect((await world.object())?.status?.observedGeneration).toBe(2);
    expect(await world.eventReasons()).toEqual(["Created", "Updated"]);
  });

  test("deletes with the four reverse writes and lets the object go when all is gone", async () => {
    await world.apply(world.manifest());
    const controller = world.controller();
    await controller.settle();
    world.forgetCalls();
    await world.delete();
    await controller.settle();
    expect(world.awsWrites()).toEqual([
      "RemoveRoleFromInstanceProfile",
      "DeleteInstanceProfile",
      "DeleteRolePolicy",
      "DeleteRole",
    ]);
    expect(await world.object()).toBeUndefined();
    expect(await world.awsState()).toEqual(NOTHING_IN_AWS);
    expect((await world.eventReasons()).at(-1)).toBe("Deleted");
  });

  test("adds the finalizer before the first AWS write", async () => {
    await world.apply(world.manifest());
    const controller = world.controller();
    await controller.settle();
    const order = controller.interceptor.calls.map(({ port, method }) => `${port}.${method}`);
    expect(order.indexOf("kube.patch")).toBeLessThan(order.indexOf("aws.perform"));
  });

  test("repairs drift with one write and says so", async () => {
    await world.apply(world.manifest());
    const controller = world.controller();
    await controller.settle();
    await world.outsider("PutRolePolicy", {
      RoleName: world.key.name,
      PolicyName: world.key.name,
      PolicyDocument: ALLOW_ALL,
    });
    world.forgetCalls();
    world.nowMs += 600_000;
    await controller.settle();
    expect(world.awsWrites()).toEqual(["PutRolePolicy"]);
    expect(await world.eventReasons()).toEqual(["Created", "DriftRepaired"]);
  });

  test("leaves a role it does not own untouched, says whose it is not, and takes it when it is offered", async () => {
    await world.outsider("CreateRole", { RoleName: world.key.name, AssumeRolePolicyDocument: EC2_TRUST });
    world.forgetCalls();
    await world.apply(world.manifest());
    const controller = world.controller();
    await controller.settle();
    expect(world.awsWrites()).toEqual([]);
    expect(await world.ready()).toBe("False AlreadyExists");
    expect(besidesCompliant((await world.object())?.status?.conditions?.map(({ type }) => type))).toEqual([
      "Ready",
      "Stalled",
    ]);
    await world.apply(world.manifest({ adoptionPolicy: "IfExists" }));
    await controller.settle();
    expect(await world.ready()).toBe("True InSync");
    expect((await world.eventReasons()).at(-1)).toBe("Adopted");
  });

  test("a second object on the same name is blocked, and its deletion touches nothing", async () => {
    const second = { ...world.key, name: `${world.key.name}-second` };
    await world.apply(world.manifest());
    const controller = world.controller();
    await controller.settle();
    await world.apply(world.manifest({ roleName: world.key.name }, second));
    world.forgetCalls();
    await controller.settle(second);
    expect(await world.ready(second)).toBe("False OwnedByAnother");
    await world.delete(second);
    await controller.settle(second);
    expect(await world.object(second)).toBeUndefined();
    expect(world.awsWrites()).toEqual([]);
    expect(await world.ready()).toBe("True InSync");
  });

  test("a className that no class has is blocked and nothing is written to AWS", async () => {
    await world.apply(world.manifest({ className: "prod" }));
    await world.controller().settle();
    expect(await world.ready()).toBe("False ClassNotFound");
    expect(world.awsCalls()).toEqual([]);
    expect((await world.object())?.metadata.finalizers).toBeUndefined();
  });

  test("suspend leaves AWS alone and keeps what Ready said", async () => {
    await world.apply(world.manifest());
    const controller = world.controller();
    await controller.settle();
    world.forgetCalls();
    await world.apply(
      world.manifest({ suspend: true, statements: [{ effect: "Allow", actions: ["s3:*"], resources: ["*"] }] }),
    );
    await controller.settle();
    expect(world.awsCalls()).toEqual([]);
    expect(await world.ready()).toBe("True Suspended");
  });

  test("DryRun shows the plan in status and writes nothing to AWS", async () => {
    await world.apply(world.manifest({ mode: "DryRun" }));
    await world.controller().settle();
    expect(world.awsWrites()).toEqual([]);
    expect(await world.ready()).toBe("absent DryRun");
    const { name } = world.key;
    expect((await world.object())?.status?.plan).toEqual([
      expect.stringMatching(/^Grants new access: s3:Get\* on \* .*; Lets new principals assume the role: Service:ec2/),
      `+ role ${name}`,
      `+ inline policy ${name} of role ${name}`,
      `+ instance profile ${name}`,
      `+ role ${name} in instance profile ${name}`,
    ]);
  });

  test("deletionPolicy Retain lets the object go and leaves AWS as it is; the next object of that name resumes", async () => {
    await world.apply(world.manifest({ deletionPolicy: "Retain" }));
    const controller = world.controller();
    await controller.settle();
    world.forgetCalls();
    await world.delete();
    await controller.settle();
    expect(await world.object()).toBeUndefined();
    expect(world.awsWrites()).toEqual([]);
    await world.apply(world.manifest());
    await controller.settle();
    expect(world.awsWrites()).toEqual(["TagRole", "TagInstanceProfile"]);
    expect(await world.ready()).toBe("True InSync");
  });

  test("reconcile-at is answered in status", async () => {
    await world.apply(world.manifest());
    const controller = world.controller();
    await controller.settle();
    world.nowMs += 60_000;
    await world.annotate({ "iam.instanceprofile.dev/reconcile-at": "now" });
    await controller.settle();
    expect((await world.object())?.status).toMatchObject({
      lastHandledReconcileAt: "now",
      lastVerifiedTime: "2026-01-01T00:01:00Z",
    });
  });

  describe("a policy that only IAM refuses", () => {
    const refused = { statements: [{ effect: "Allow", actions: ["s3:Get*"], resources: ["arn:aws"] }] };

    test("stalls with IAM's words, waits, and heals when the spec is mended", async () => {
      await world.apply(world.manifest(refused));
      const controller = world.controller();
      await controller.settle();
      const stalled = (await world.object())?.status?.conditions?.find(({ type }) => type === "Stalled");
      expect(stalled).toMatchObject({ status: "True", reason: "MalformedPolicyDocument" });
      expect(stalled?.message).toContain(`PutRolePolicy on inline policy ${world.key.name}`);
      expect(stalled?.message).toContain("MalformedPolicyDocument");
      expect((await world.eventReasons()).at(-1)).toBe("MalformedPolicyDocument");
      await world.apply(world.manifest());
      await controller.settle();
      expect(besidesCompliant((await world.object())?.status?.conditions?.map(({ type }) => type))).toEqual(["Ready"]);
      expect(await world.ready()).toBe("True InSync");
    });

    test("is told once, however often it is looked at again", async () => {
      await world.apply(world.manifest(refused));
      const controller = world.controller();
      await controller.settle();
      const [writes, events] = [world.kubeWrites().length, await world.eventReasons()];
      for (let i = 0; i < 5; i++) await controller.settle();
      expect([world.kubeWrites().length, await world.eventReasons()]).toEqual([writes, events]);
    });

    test("does not keep the object from being deleted", async () => {
      await world.apply(world.manifest(refused));
      const controller = world.controller();
      await controller.settle();
      await world.delete();
      await controller.settle();
      expect(await world.object()).toBeUndefined();
      expect(await world.awsState()).toEqual(NOTHING_IN_AWS);
    });
  });
}
