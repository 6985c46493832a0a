import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { NOTHING_IN_AWS } from "../support/aws-state.ts";
import type { Incarnation } from "../support/incarnation.ts";
import { EC2_TRUST } from "../support/outsider.ts";
import { writesOfCreation } from "../support/scenario-class.ts";
import { manifest, World } from "../support/world.ts";

const ROLE = "s3-read-only";
const CREATION = ["CreateRole", "PutRolePolicy", "CreateInstanceProfile", "AddRoleToInstanceProfile"];

// What a scan that was wrong, or is no longer right, can lead a creation to.
let world: World;
let controller: Incarnation;
beforeAll(async () => {
  world = await World.open();
  world.isPresumptionRefuted = true;
});
beforeEach(async () => {
  await world.reset();
  controller = world.controller();
});
afterAll(() => world.close());

const attempts = (): number => world.awsCalls().filter((call) => call === "CreateRole").length;

async function someoneMakes(what: "role" | "instance profile"): Promise<void> {
  if (what === "role") await world.outsider("CreateRole", { RoleName: ROLE, AssumeRolePolicyDocument: EC2_TRUST });
  else await world.outsider("CreateInstanceProfile", { InstanceProfileName: ROLE });
  world.forgetCalls();
}

test("an object whose names a scan saw free costs four writes and no read", async () => {
  await world.apply(manifest());
  await controller.settle();
  expect(world.awsCalls()).toEqual(CREATION);
  expect(world.kubeWrites()).toEqual(writesOfCreation());
  expect(await world.ready()).toBe("True InSync");
  expect(await world.eventReasons()).toEqual(["Created"]);
});

describe("a role that came since the scan", () => {
  test("and is nobody's: is found by the refusal, read, and left alone; the refusal is nobody's news", async () => {
    await someoneMakes("role");
    const before = await world.awsState();
    await world.apply(manifest());
    await controller.settle();
    expect(world.awsCalls()[0]).toBe("CreateRole");
    expect(world.awsWrites()).toEqual([]);
    expect(await world.awsState()).toEqual(before);
    expect(await world.ready()).toBe("False AlreadyExists");
    expect(await world.eventReasons()).toEqual(["AlreadyExists"]);
    expect(world.kubeWrites()).toEqual(writesOfCreation());
  });

  test("is not run against again, however often the object is looked at", async () => {
    await someoneMakes("role");
    await world.apply(manifest());
    for (let i = 0; i < 5; i += 1) {
      await controller.settle();
      controller.misleadBySweep();
      world.nowMs += 60_000;
    }
    expect(attempts()).toBe(1);
  });

  test("and is another object's: stays the other's, with all that is on it", async () => {
    const second = { ...world.key, name: "second" };
    await world.apply(manifest());
    await controller.settle();
    controller.misleadBySweep();
    const before = await world.awsState();
    await world.apply(manifest({ roleName: ROLE.toUpperCase(), tags: { a: "b" } }, { name: "second" }));
    await world.controller().settle(second);
    expect(await world.ready(second)).toBe("False OwnedByAnother");
    expect(await world.awsState()).toEqual(before);
    await world.delete(second);
    await world.controller().settle(second);
    expect(await world.awsState()).toEqual(before);
  });

  test("and is the object's own, left by its predecessor: is resumed, and only its tags say so", async () => {
    await world.apply(manifest());
    await controller.settle();
    world.kube.forget(world.key);
    world.forgetCalls();
    await world.apply(manifest());
    await world.controller().settle();
    expect(world.awsWrites()).toEqual(["TagRole", "TagInstanceProfile"]);
    expect(attempts()).toBe(1);
    expect(await world.ready()).toBe("True InSync");
  });
});

test("an instance profile that came since the scan holds the object up, and goes on being its owner's", async () => {
  await someoneMakes("instance profile");
  await world.apply(manifest());
  await controller.settle();
  expect(world.awsWrites()).toEqual(["CreateRole", "PutRolePolicy"]);
  expect(await world.ready()).toBe("False AlreadyExists");
  await world.delete();
  await controller.settle();
  expect(await world.object()).toBeUndefined();
  expect(world.aws.snapshot()).toMatchObject({ roles: {}, instanceProfiles: { [ROLE]: expect.anything() } });
});

describe("is looked for all the same, before anything is written,", () => {
  const looksFirst = async (): Promise<void> => {
    await controller.settle();
    expect(world.awsCalls().slice(0, 2).toSorted()).toEqual(["GetInstanceProfile", "GetRole"]);
  };

  test("what an object may adopt", async () => {
    await someoneMakes("instance profile");
    await world.apply(manifest({ adoptionPolicy: "IfExists" }));
    await looksFirst();
    expect(await world.eventReasons()).toEqual(["AdoptionPlanned", "Adopted"]);
  });

  test("what a dry run plans", async () => {
    await world.apply(manifest({ mode: "DryRun" }));
    await looksFirst();
    expect(world.awsWrites()).toEqual([]);
  });

  test("what we have written of late", async () => {
    await world.apply(manifest());
    await controller.settle();
    await world.delete();
    await controller.settle();
    world.forgetCalls();
    controller.misleadBySweep();
    await world.apply(manifest());
    await looksFirst();
    expect(await world.ready()).toBe("True InSync");
  });

  test("what a scan of more than a quarter of an hour ago has not seen", async () => {
    await world.apply(manifest());
    world.nowMs += 900_000;
    await looksFirst();
  });

  test("what an object has that is worked on for a second time", async () => {
    await world.apply(manifest());
    world.aws.onRequest(({ action }) => (action === "CreateRole" ? { kind: "cut" } : undefined));
    await controller.once();
    world.aws.onRequest(() => undefined);
    world.forgetCalls();
    controller.misleadBySweep();
    await looksFirst();
    expect(world.awsWrites()).toEqual(CREATION);
  });

  test("what comes second to a name", async () => {
    const second = { ...world.key, name: "second" };
    await world.apply(manifest());
    await controller.settle();
    await world.apply(manifest({ roleName: ROLE }, { name: "second" }));
    world.forgetCalls();
    await controller.settle(second);
    expect(world.awsCalls().toSorted()).toEqual(["GetInstanceProfile", "GetRole"]);
    expect(await world.ready(second)).toBe("False OwnedByAnother");
  });
});

test("a refused creation leaves nothing behind when the object goes", async () => {
  world.aws.denyActions.add("iam:PutRolePolicy");
  await world.apply(manifest());
  await controller.settle();
  world.aws.denyActions.clear();
  expect(await world.ready()).toBe("False AccessDenied");
  await world.delete();
  await controller.settle();
  expect(await world.awsState()).toEqual(NOTHING_IN_AWS);
});
