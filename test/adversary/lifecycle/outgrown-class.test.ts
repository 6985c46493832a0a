import { describe, expect, test } from "vitest";
import type { InstanceProfileClassSpec } from "../../../src/api/instance-profile-class.ts";
import { findCondition } from "../../../src/status/conditions.ts";
import { OrphanWorld } from "../../support/simulation/orphan-world.ts";
import type { ReplicaOptions } from "../../support/simulation/replica.ts";

const ACCOUNT = "123456789012";
const CLASSES = "/apis/iam.instanceprofile.dev/v1beta1/instanceprofileclasses";
const UID = "3f1c8a52-0000-4000-8000-000000000001";
const MINUTE_MS = 60_000;

type Fields = Readonly<Record<string, unknown>>;

/** A cluster whose class `readers` allows a namespace two objects; object `app` is in sync. */
async function open(of: Partial<InstanceProfileClassSpec> = {}, options: ReplicaOptions = {}): Promise<OrphanWorld> {
  const world = await OrphanWorld.open({ hasClasses: true, ...options }, []);
  await classIs(world, of);
  await apply(world, "app");
  await world.sim.run(12 * MINUTE_MS);
  expect(await compliant(world, "app")).toBe("WithinClass");
  return world;
}

async function classIs(world: OrphanWorld, of: Partial<InstanceProfileClassSpec> = {}): Promise<void> {
  await world.sim.servers.kubeApi().expectOk({
    method: "PATCH",
    path: `${CLASSES}/readers?fieldManager=user&force=true`,
    body: {
      apiVersion: "iam.instanceprofile.dev/v1beta1",
      kind: "InstanceProfileClass",
      metadata: { name: "readers" },
      spec: {
        ...{ account: { id: ACCOUNT }, namespaces: ["*"], allowedActions: ["s3:*"], maxPerNamespace: 2 },
        ...of,
      },
    },
    contentType: "application/apply-patch+yaml",
  });
}

async function apply(world: OrphanWorld, name: string, spec: Fields = {}, namespace = "default"): Promise<void> {
  const whole = { statements: [{ effect: "Allow", actions: ["s3:Get*"], resources: ["*"] }], className: "readers" };
  await world.sim.apply({
    ...{ apiVersion: "iam.instanceprofile.dev/v1beta1", kind: "InstanceProfile", metadata: { namespace, name } },
    spec: { roleName: name, ...whole, ...spec },
  });
  await world.sim.run(10_000);
}

async function compliant(world: OrphanWorld, name: string): Promise<string | undefined> {
  const object = await world.sim.object(world.key(name));
  return findCondition(object?.status?.conditions as never, "Compliant")?.reason;
}

/** What becomes of an object that is new. */
async function created(world: OrphanWorld, name: string): Promise<string | undefined> {
  await apply(world, name);
  return compliant(world, name);
}

/** Ways of an author to be rid of an object whose role stays. */
const TRICKS: readonly (readonly [string, (world: OrphanWorld) => Promise<void>])[] = [
  ["deletes it as it is", async () => {}],
  ["suspends it", (world) => apply(world, "app", { suspend: true })],
  ["makes it a dry run", (world) => apply(world, "app", { mode: "DryRun" })],
  ["lets it retain, which the class does not allow", (world) => apply(world, "app", { deletionPolicy: "Retain" })],
  ["makes it violate the class", (world) => apply(world, "app", { tags: { "eks-cluster-admin": "true" } })],
];

describe.each(TRICKS)("An author who %s, and deletes it with its finalizer taken off,", (_, trick) => {
  test("has no place free for another role, neither at once nor after scans", async () => {
    const world = await open({ maxPerNamespace: 1 });
    await trick(world);
    await world.lose("app");
    await world.sim.run(5_000);
    expect(await created(world, "second")).toBe("TooManyObjects");
    await world.scans(4);
    expect(await compliant(world, "second")).toBe("TooManyObjects");
    expect(world.roles).toEqual(["app"]);
  });

  test("has the role deleted under --orphan-policy=Delete, and the place is free then", async () => {
    const world = await open({}, { orphanPolicy: "Delete" });
    await apply(world, "bystander");
    await trick(world);
    await world.lose("app");
    expect(await created(world, "third")).toBe("TooManyObjects");
    await world.scans(5);
    expect(world.roles).toEqual(["bystander", "third"]);
    expect(await compliant(world, "third")).toBe("WithinClass");
  });
});

describe("What a lost object has left in AWS", () => {
  test("counts after a restart too, as soon as two scans have found it by its tags", async () => {
    const world = await open({ maxPerNamespace: 1 });
    world.replica.kill();
    await world.lose("app");
    await world.restart({ hasClasses: true });
    await world.scans(3);
    expect(await created(world, "second")).toBe("TooManyObjects");
    const note = (await world.notes("second", "TooManyObjects")).join();
    expect(note).toContain("the roles that InstanceProfiles have left in AWS account 123456789012");
    expect(note).toContain(": app. Create those");
  });

  test("counts no longer when it is deleted in IAM: the place is free by itself", async () => {
    const world = await open({ maxPerNamespace: 1 });
    await world.lose("app");
    expect(await created(world, "second")).toBe("TooManyObjects");
    await world.iam("RemoveRoleFromInstanceProfile", { InstanceProfileName: "app", RoleName: "app" });
    await world.iam("DeleteRolePolicy", { RoleName: "app", PolicyName: "app" });
    await world.iam("DeleteRole", { RoleName: "app" });
    await world.scans(3);
    expect(await compliant(world, "second")).toBe("WithinClass");
    expect(world.roles).toEqual(["second"]);
  });

  test("counts no longer when an administrator tags it as retained", async () => {
    const world = await open({ maxPerNamespace: 1 });
    const uid = await world.uid("app");
    await world.lose("app");
    await world.tag("app", { uid, more: { retained: uid } });
    await world.scans(3);
    expect(await created(world, "second")).toBe("WithinClass");
  });

  test("holds no place against the object that is created again to resume it, and is counted once", async () => {
    const world = await open();
    await world.lose("app");
    expect(await created(world, "app")).toBe("WithinClass");
    expect(await created(world, "second")).toBe("WithinClass");
    expect(await created(world, "third")).toBe("TooManyObjects");
  });

  test.each<[string, Fields]>([
    ["suspended", { suspend: true }],
    ["a dry run", { mode: "DryRun" }],
    ["for another role", { roleName: "app-2" }],
  ])("counts beside an object of its name that is created again %s", async (_, spec) => {
    const world = await open({ maxPerNamespace: 1 });
    await world.lose("app");
    await apply(world, "app", spec);
    await world.scans(3);
    expect(await created(world, "second")).toBe("TooManyObjects");
    expect(world.roles).toEqual(["app"]);
  });

  test("keeps its place when the class is narrowed: those that were accepted later stay stripped", async () => {
    const world = await open({ onViolation: "Strip" });
    await apply(world, "second");
    await classIs(world, { onViolation: "Strip", maxPerNamespace: 1 });
    await world.sim.run(10_000);
    expect(await compliant(world, "second")).toBe("TooManyObjects");
    await world.lose("app");
    await world.scans(4);
    expect(await compliant(world, "second")).toBe("TooManyObjects");
  });

  test("counts where it was lost alone: in its namespace, for its class", async () => {
    const world = await open({ maxPerNamespace: 1 });
    await world.lose("app");
    expect(await created(world, "second")).toBe("TooManyObjects");
    await apply(world, "elsewhere", {}, "kube-system");
    const elsewhere = await world.sim.object(world.key("elsewhere", "kube-system"));
    expect(findCondition(elsewhere?.status?.conditions as never, "Compliant")?.reason).toBe("WithinClass");
  });
});

test("An account that is scanned no longer shows no orphans, and shows them again when a class leads there again", async () => {
  const world = await open();
  await world.lose("app");
  await world.scans(3);
  expect(world.replica.orphans.get(ACCOUNT)).toBe(1);
  await world.sim.servers.kubeApi().expectOk({ method: "DELETE", path: `${CLASSES}/readers` });
  await world.sim.run(10_000);
  expect([...world.replica.orphans.keys()]).toEqual(["own"]);
  await classIs(world);
  await world.scans(3);
  expect([...world.replica.orphans]).toEqual([[ACCOUNT, 1]]);
});

describe("What does not count", () => {
  test("is what was deleted in good order: its place is free at once", async () => {
    const world = await open({ maxPerNamespace: 1 });
    await world.sim.delete(world.key("app"));
    await world.sim.run(20_000);
    expect(await created(world, "second")).toBe("WithinClass");
  });

  test("is what the class lets an object retain", async () => {
    const world = await open({ maxPerNamespace: 1, allowedDeletionPolicies: ["Delete", "Retain"] });
    await apply(world, "app", { deletionPolicy: "Retain" });
    await world.lose("app");
    expect(await created(world, "second")).toBe("WithinClass");
  });

  test("is a role that others have tagged, against an object that the class has accepted", async () => {
    const world = await open({ maxPerNamespace: 1, onViolation: "Strip" });
    for (const i of [1, 2, 3]) await world.role(`theirs-${i}`, { name: `never-was-${i}`, uid: `${UID}-${i}` });
    await world.scans(4);
    expect(world.replica.orphans.get(ACCOUNT)).toBe(3);
    expect(await compliant(world, "app")).toBe("WithinClass");
  });
});
