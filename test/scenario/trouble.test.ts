import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Condition } from "../../src/api/instance-profile.ts";
import { outsider } from "../support/outsider.ts";
import { manifest, World } from "../support/world.ts";

const KEY = { namespace: "default", name: "s3-read-only" };
let world: World;

beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.close());

async function condition(type: string): Promise<Condition | undefined> {
  return (await world.object())?.status?.conditions?.find((candidate) => candidate.type === type);
}

describe("AccessDenied", () => {
  test("on a write: Ready=False with the missing action named, a slow retry, and it heals by itself", async () => {
    world.aws.denyActions.add("iam:PutRolePolicy");
    world.kube.apply(manifest());
    const controller = world.controller();
    const requeue = await controller.once();
    expect(requeue).toEqual({ kind: "after", delayMs: 60_000, urgency: "resync" });
    expect(await world.ready()).toBe("False AccessDenied");
    expect((await condition("Ready"))?.message).toContain("iam:PutRolePolicy");
    world.aws.denyActions.clear();
    await controller.settle();
    expect(await world.ready()).toBe("True InSync");
  });

  test("on a read is never taken for absence: nothing is created, and the finalizer stays", async () => {
    world.kube.apply(manifest());
    const controller = world.controller();
    await controller.settle();
    world.aws.denyActions.add("iam:GetRole");
    world.aws.calls.reset();
    world.kube.delete(KEY);
    await controller.settle();
    expect((await world.object())?.metadata.finalizers).toEqual(["iam.instanceprofile.dev/cleanup"]);
    expect(world.aws.calls.writes()).toEqual([]);
    expect(await world.ready()).toBe("False AccessDenied");
    world.aws.denyActions.clear();
    await controller.settle();
    expect(await world.object()).toBeUndefined();
  });
});

describe("LimitExceeded", () => {
  test("is told as the quota it is, tried once, looked at slowly, and heals when the spec fits", async () => {
    // IAM counts all inline policies of a role together.
    const resourcesOf = (length: number): string[] =>
      Array.from({ length }, (_, i) => `arn:aws:s3:::${"b".repeat(250)}${i}/*`);
    const other = { Effect: "Allow", Action: "s3:GetObject", Resource: resourcesOf(25) };
    world.kube.apply(manifest());
    const controller = world.controller();
    await controller.settle();
    await outsider(world.aws.url, "PutRolePolicy", {
      RoleName: KEY.name,
      PolicyName: "other",
      PolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: [other] }),
    });
    world.aws.calls.reset();
    const large = [{ sid: "S", effect: "Allow", actions: ["s3:GetObject"], resources: resourcesOf(20) }];
    world.kube.apply(manifest({ statements: large }));
    expect(await controller.once()).toEqual({ kind: "after", delayMs: 60_000, urgency: "resync" });
    expect(await world.ready()).toBe("False LimitExceeded");
    expect(world.aws.calls.count({ action: "PutRolePolicy" })).toBe(1);
    world.kube.apply(manifest());
    await controller.settle();
    expect(await world.ready()).toBe("True InSync");
  });
});

describe("an unreachable endpoint", () => {
  test("gives Ready=False with a reason and backoff, and heals when it answers again", async () => {
    world.kube.apply(manifest());
    const controller = world.controller();
    world.aws.onRequest(() => ({ kind: "cut" }));
    expect(await controller.once()).toEqual({ kind: "backoff" });
    expect(await world.ready()).toBe("False EndpointUnreachable");
    expect(await condition("Reconciling")).toMatchObject({ status: "True", reason: "ProgressingWithRetry" });
    world.aws.onRequest(undefined);
    await controller.settle();
    expect(await world.ready()).toBe("True InSync");
    expect(await condition("Reconciling")).toBeUndefined();
  });

  test("is no news for an object that is well, until it lasts", async () => {
    world.kube.apply(manifest());
    const controller = world.controller();
    await controller.settle();
    world.aws.onRequest(() => ({ kind: "cut" }));
    await controller.once();
    await controller.once();
    expect(await world.ready()).toBe("True InSync");
    await controller.once();
    expect(await world.ready()).toBe("False EndpointUnreachable");
    const writes = world.kube.writes.length;
    await controller.once();
    await controller.once();
    expect(world.kube.writes.length).toBe(writes);
  });
});

describe("an old copy of the object in the cache", () => {
  test("writes nothing: the object was edited since", async () => {
    world.kube.apply(manifest());
    const controller = world.controller();
    await controller.settle();
    world.kube.apply(manifest({ description: "first" }));
    const old = world.kube.read(KEY);
    world.kube.apply(manifest({ description: "second" }));
    world.aws.calls.reset();
    expect(await controller.once(KEY, old)).toEqual({ kind: "backoff" });
    expect(world.aws.calls.writes()).toEqual([]);
    await controller.settle();
    expect(world.aws.snapshot().roles["s3-read-only"]).toMatchObject({ description: "second" });
  });

  test("deletes nothing: the object is another one of the same name by now", async () => {
    world.kube.apply(manifest());
    const controller = world.controller();
    await controller.settle();
    world.kube.delete(KEY);
    const old = world.kube.read(KEY);
    await controller.settle();
    world.kube.apply(manifest());
    await controller.settle();
    world.aws.calls.reset();
    expect(await controller.once(KEY, old)).toEqual({ kind: "backoff" });
    expect(world.aws.calls.writes()).toEqual([]);
  });

  test("does not write the same status twice when the watch lags behind our own patch", async () => {
    world.kube.apply(manifest());
    const before = world.kube.read(KEY);
    const controller = world.controller();
    await controller.once();
    const writes = world.kube.writes.length;
    await controller.once(KEY, before);
    expect(world.kube.writes.length).toBe(writes);
  });
});

describe("deletion", () => {
  test("is blocked by policies that others put on the role, named in status, and passes with force-delete", async () => {
    world.kube.apply(manifest());
    const controller = world.controller();
    await controller.settle();
    const { outsider } = await import("../support/outsider.ts");
    await outsider(world.aws.url, "AttachRolePolicy", {
      RoleName: "s3-read-only",
      PolicyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess",
    });
    world.aws.calls.reset();
    world.kube.delete(KEY);
    await controller.settle();
    expect(world.aws.calls.writes()).toEqual([]);
    expect(await world.ready()).toBe("False UnmanagedPoliciesAttached");
    expect((await condition("Ready"))?.message).toContain("arn:aws:iam::aws:policy/ReadOnlyAccess");
    world.kube.annotate(KEY, { "iam.instanceprofile.dev/force-delete": "true" });
    await controller.settle();
    expect(await world.object()).toBeUndefined();
    expect(world.aws.snapshot().roles).toEqual({});
  });

  test("of an object that never got anything into AWS just lets it go", async () => {
    world.aws.denyActions.add("iam:CreateRole");
    world.kube.apply(manifest());
    const controller = world.controller();
    await controller.settle();
    world.kube.delete(KEY);
    await controller.settle();
    expect(await world.object()).toBeUndefined();
  });
});

describe("a spec that the API server would have refused", () => {
  test("stalls with every fault named and touches nothing", async () => {
    world.kube.apply(manifest({ roleName: "no spaces allowed", statements: [{ effect: "allow" }] }));
    const controller = world.controller();
    await controller.settle();
    expect(await world.ready()).toBe("False InvalidSpec");
    expect((await condition("Stalled"))?.message).toMatch(/spec\.roleName.*spec\.statements\[0\]/s);
    expect(world.aws.calls.all).toEqual([]);
    world.kube.apply(manifest());
    await controller.settle();
    expect(await world.ready()).toBe("True InSync");
  });
});
