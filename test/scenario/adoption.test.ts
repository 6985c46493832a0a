import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Incarnation } from "../support/incarnation.ts";
import { ALLOW_ALL, EC2_TRUST } from "../support/outsider.ts";
import { manifest, World } from "../support/world.ts";

const ROLE = "s3-read-only";
const ADOPT = { adoptionPolicy: "IfExists" };

let world: World;
let controller: Incarnation;
beforeAll(async () => {
  world = await World.open();
});
beforeEach(async () => {
  await world.reset();
  controller = world.controller();
});
afterAll(() => world.close());

/** A role and a profile as somebody made them by hand, the role with a policy of its own. */
async function madeByHand(): Promise<void> {
  await world.outsider("CreateRole", { RoleName: ROLE, AssumeRolePolicyDocument: EC2_TRUST, Description: "by hand" });
  await world.outsider("PutRolePolicy", { RoleName: ROLE, PolicyName: "theirs", PolicyDocument: ALLOW_ALL });
  await world.outsider("CreateInstanceProfile", { InstanceProfileName: ROLE });
  world.forgetCalls();
}

const status = async () => (await world.object())?.status;
const reasons = async (): Promise<readonly string[]> => await world.eventReasons();

describe("adoption", () => {
  test("is told in status, write by write, before the first write is made", async () => {
    await madeByHand();
    await world.apply(manifest(ADOPT));
    expect(await controller.once()).toEqual({ kind: "after", delayMs: 0 });
    expect(world.awsWrites()).toEqual([]);
    expect(await world.ready()).toBe("False AdoptionPlanned");
    const planned = (await status())?.plan ?? [];
    expect(planned).toEqual([
      `~ tags of role ${ROLE}`,
      `~ role ${ROLE}`,
      `+ inline policy ${ROLE} of role ${ROLE}`,
      `~ tags of instance profile ${ROLE}`,
      `+ role ${ROLE} in instance profile ${ROLE}`,
    ]);
    await controller.settle();
    expect(await world.ready()).toBe("True InSync");
    expect(world.awsWrites().length).toBe(planned.length);
    expect((await status())?.plan).toBeUndefined();
    expect((await status())?.unmanagedPolicies).toEqual(["theirs"]);
    expect(await reasons()).toEqual(["AdoptionPlanned", "Adopted"]);
  });

  test("is told anew when somebody changes what is there in between", async () => {
    await madeByHand();
    await world.apply(manifest(ADOPT));
    await controller.once();
    await world.outsider("AddRoleToInstanceProfile", { InstanceProfileName: ROLE, RoleName: ROLE });
    await controller.once();
    expect(world.awsWrites()).toEqual([]);
    expect((await status())?.plan?.length).toBe(4);
    await controller.settle();
    expect(await world.ready()).toBe("True InSync");
  });

  test("that is told is not carried out for a spec that has changed since", async () => {
    await madeByHand();
    await world.apply(manifest(ADOPT));
    await controller.once();
    await world.apply(manifest());
    await controller.settle();
    expect(world.awsWrites()).toEqual([]);
    expect(await world.ready()).toBe("False AlreadyExists");
  });

  test("can be looked at for as long as one likes by mode DryRun", async () => {
    await madeByHand();
    await world.apply(manifest({ ...ADOPT, mode: "DryRun" }));
    await controller.settle();
    expect(await world.ready()).toBe("absent DryRun");
    expect((await status())?.plan?.slice(1)).toHaveLength(5);
    expect(world.awsWrites()).toEqual([]);
  });

  test("costs no announcement when nothing is there to adopt", async () => {
    await world.apply(manifest(ADOPT));
    await controller.settle();
    expect(await reasons()).toEqual(["Created"]);
  });
});

describe("what was adopted", () => {
  test("is left when the object goes, with the policies that are on it", async () => {
    await madeByHand();
    await world.apply(manifest(ADOPT));
    await controller.settle();
    world.forgetCalls();
    await world.delete();
    await controller.settle();
    expect(await world.object()).toBeUndefined();
    expect(world.awsWrites()).toEqual([]);
    expect(Object.keys(world.aws.snapshot().roles[ROLE]?.inlinePolicies ?? {})).toEqual([ROLE, "theirs"]);
  });

  test("is picked up again by an object of the same name, without adoptionPolicy, and is still the adopted one", async () => {
    await madeByHand();
    await world.apply(manifest(ADOPT));
    await controller.settle();
    await world.delete();
    await controller.settle();
    await world.apply(manifest());
    await controller.settle();
    expect(await world.ready()).toBe("True InSync");
    await world.delete();
    await controller.settle();
    expect(Object.keys(world.aws.snapshot().roles)).toEqual([ROLE]);
  });

  test("goes when deletionPolicy says so, once nothing of others is on it", async () => {
    await madeByHand();
    await world.apply(manifest({ ...ADOPT, deletionPolicy: "Delete" }));
    await controller.settle();
    await world.delete();
    await controller.settle();
    expect(await world.ready()).toBe("False UnmanagedPoliciesAttached");
    await world.outsider("DeleteRolePolicy", { RoleName: ROLE, PolicyName: "theirs" });
    world.nowMs += 600_000;
    await controller.settle();
    expect(await world.object()).toBeUndefined();
    expect(world.aws.snapshot()).toMatchObject({ roles: {}, instanceProfiles: {} });
  });
});

test("an object that is made again resumes what its predecessor had made, and only says so on the tags", async () => {
  await world.apply(manifest());
  await controller.settle();
  // Whoever takes the finalizer off by hand leaves everything where it is.
  world.kube.forget(world.key);
  world.forgetCalls();
  await world.apply(manifest());
  await controller.settle();
  expect(world.awsWrites()).toEqual(["TagRole", "TagInstanceProfile"]);
  expect(await world.ready()).toBe("True InSync");
});
