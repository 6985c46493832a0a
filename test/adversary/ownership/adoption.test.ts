import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { TAG_KEYS } from "../../../src/model/ownership.ts";
import { diff } from "../../../src/plan/diff.ts";
import { CLUSTER_ID, desiredOf, NOTHING, stateAfter } from "../../support/builders.ts";
import { Ec2User } from "../../support/ec2-user.ts";
import type { Incarnation } from "../../support/incarnation.ts";
import { EC2_TRUST } from "../../support/outsider.ts";
import { REGION, World } from "../../support/world.ts";

/** Somebody uses adoption to get a role that is not theirs, or to change what runs with it. */
const ROLE = "s3-read-only";
const ADOPT = { adoptionPolicy: "IfExists" };
const OWNER = { [TAG_KEYS.clusterId]: CLUSTER_ID, [TAG_KEYS.namespace]: "default", [TAG_KEYS.name]: ROLE };
const BOUNDARY = "arn:aws:iam::aws:policy/PowerUserAccess";
const OTHER_BOUNDARY = "arn:aws:iam::aws:policy/ReadOnlyAccess";

type Fields = Readonly<Record<string, string>>;

let world: World;
let ec2: Ec2User;
let elsewhere: Ec2User;
let controller: Incarnation;

beforeAll(async () => {
  world = await World.open();
  ec2 = new Ec2User(world.aws.url, REGION);
  elsewhere = new Ec2User(world.aws.url, "eu-north-1");
});
afterAll(async () => {
  ec2.close();
  elsewhere.close();
  await world.close();
});
beforeEach(async () => {
  await world.reset();
  world.aws.denyActions.clear();
  controller = world.controller();
});

function tagParams(tags: Fields): Fields {
  const entries = Object.entries(tags).flatMap(([key, value], i) => [
    [`Tags.member.${i + 1}.Key`, key],
    [`Tags.member.${i + 1}.Value`, value],
  ]);
  return Object.fromEntries(entries);
}

async function makeRole(roleName: string, more: Fields = {}): Promise<void> {
  await world.outsider("CreateRole", { RoleName: roleName, AssumeRolePolicyDocument: EC2_TRUST, ...more });
}

/** A profile as somebody made it by hand, with this role in it. */
async function makeProfile(roleName: string, more: Fields = {}): Promise<void> {
  await world.outsider("CreateInstanceProfile", { InstanceProfileName: ROLE, ...more });
  await world.outsider("AddRoleToInstanceProfile", { InstanceProfileName: ROLE, RoleName: roleName });
}

async function message(): Promise<string> {
  return (await world.object())?.status?.conditions?.find(({ type }) => type === "Ready")?.message ?? "";
}

/** Nothing is written to AWS, and this is said. */
async function expectRefused(ready: string, spec: object = ADOPT): Promise<void> {
  world.forgetCalls();
  await world.apply(world.manifest(spec as never));
  await controller.settle();
  expect(world.awsWrites()).toEqual([]);
  expect(await world.ready()).toBe(`False ${ready}`);
}

describe("an object without a class", () => {
  const start = (): void => {
    world.deniesAdoption = true;
    controller = world.controller();
  };

  test("adopts no role unless the operator allows it", async () => {
    start();
    await makeRole(ROLE);
    await expectRefused("AdoptionNotAllowed");
    expect(await message()).toContain("--allow-adoption");
  });

  test("adopts no instance profile unless the operator allows it", async () => {
    start();
    await makeRole("theirs");
    await makeProfile("theirs");
    await expectRefused("AdoptionNotAllowed");
  });

  test("does not adopt by taking a detour over DryRun", async () => {
    start();
    await makeRole(ROLE);
    await expectRefused("AdoptionNotAllowed", { ...ADOPT, mode: "DryRun" });
    await expectRefused("AdoptionNotAllowed");
  });

  test("that was allowed to announce an adoption does not carry it out once the operator has changed his mind", async () => {
    await makeRole(ROLE);
    await world.apply(world.manifest(ADOPT));
    await controller.once();
    expect(await world.ready()).toBe("False AdoptionPlanned");
    start();
    await controller.settle();
    expect(world.awsWrites()).toEqual([]);
    expect(await world.ready()).toBe("False AdoptionNotAllowed");
  });

  test("keeps what it adopted while that was allowed", async () => {
    await makeRole(ROLE);
    await world.apply(world.manifest(ADOPT));
    await controller.settle();
    start();
    await controller.settle();
    expect(await world.ready()).toBe("True InSync");
  });
});

describe("a role that has an owner is not adopted", () => {
  test.each([
    ["another object's", { ...OWNER, [TAG_KEYS.name]: "other" }],
    ["another namespace's", { ...OWNER, [TAG_KEYS.namespace]: "team-b" }],
    ["another cluster's", { ...OWNER, [TAG_KEYS.clusterId]: "cluster-2" }],
    ["one with a part of the owner tags", { [TAG_KEYS.clusterId]: CLUSTER_ID }],
  ])("%s", async (_what, tags) => {
    await makeRole(ROLE, tagParams(tags));
    await expectRefused("OwnedByAnother");
  });

  test("nor is an instance profile of another's, and the role beside it is left alone with it", async () => {
    await makeRole(ROLE);
    await world.outsider("CreateInstanceProfile", {
      InstanceProfileName: ROLE,
      ...tagParams({ ...OWNER, [TAG_KEYS.name]: "other" }),
    });
    await expectRefused("OwnedByAnother");
  });
});

describe("a role that AWS manages is not adopted, whatever the operator allows", () => {
  test.each(["/aws-service-role/ec2.amazonaws.com/", "/aws-reserved/sso.amazonaws.com/", "/AWS-Service-Role/x/"])(
    "path %s",
    (path) => {
      const spec = { adoptionPolicy: "IfExists" as const, path };
      const made = stateAfter(NOTHING, diff(desiredOf({ path }), NOTHING).actions);
      const { role } = made;
      if (role.presence === "absent") throw new Error("there is no role");
      const { actions, blockers } = diff(desiredOf(spec), { ...NOTHING, role: { ...role, tags: {} } });
      expect(blockers.map(({ reason }) => reason)).toEqual(["AdoptionNotAllowed"]);
      expect(actions.filter((action) => "roleName" in action && action.kind !== "AddRoleToInstanceProfile")).toEqual(
        [],
      );
    },
  );

  test("of another path than the spec's", async () => {
    await makeRole(ROLE, { Path: "/admin/" });
    await expectRefused("PathConflict");
  });
});

describe("an instance profile that instances use", () => {
  test("does not get another role: the instances are named, as before a deletion", async () => {
    await makeRole("fleet-old");
    await makeProfile("fleet-old");
    const id = await ec2.runOne({ profile: ROLE });
    await expectRefused("InstancesUseProfile");
    for (const word of [id, REGION, "fleet-old"]) expect(await message()).toContain(word);
    expect(world.aws.snapshot().instanceProfiles[ROLE]?.roleName).toBe("fleet-old");
  });

  test("does not get another role when the instance comes after the announcement", async () => {
    await makeRole("fleet-old");
    await makeProfile("fleet-old");
    await world.apply(world.manifest(ADOPT));
    await controller.once();
    expect(await world.ready()).toBe("False AdoptionPlanned");
    await ec2.run({ profile: ROLE });
    await controller.settle();
    expect(world.awsWrites()).toEqual([]);
    expect(await world.ready()).toBe("False InstancesUseProfile");
  });

  test("does not get another role when the spec selects the instance itself", async () => {
    await makeRole("fleet-old");
    await makeProfile("fleet-old");
    await ec2.run({ profile: ROLE, tags: { app: "web" } });
    const instances = { region: REGION, selector: { matchTags: { app: "web" } } };
    await expectRefused("InstancesUseProfile", { ...ADOPT, instances });
  });

  test("does not get another role when the instance is in the region of the spec alone", async () => {
    await makeRole("fleet-old");
    await makeProfile("fleet-old");
    await elsewhere.run({ profile: ROLE });
    const instances = { region: "eu-north-1", selector: { matchTags: { app: "web" } } };
    await expectRefused("InstancesUseProfile", { ...ADOPT, instances });
  });

  test("does not get another role under a name that differs in case", async () => {
    await makeRole("FLEET-OLD");
    await makeProfile("FLEET-OLD");
    await ec2.run({ profile: ROLE });
    await expectRefused("InstancesUseProfile", { ...ADOPT, roleName: "fleet-new", instanceProfileName: ROLE });
  });

  test("is adopted with the role that it holds, once the announcement has named the instances", async () => {
    await makeRole(ROLE);
    await makeProfile(ROLE);
    const id = await ec2.runOne({ profile: ROLE });
    await world.apply(world.manifest(ADOPT));
    await controller.once();
    expect(await world.ready()).toBe("False AdoptionPlanned");
    expect(await message()).toContain(id);
    expect((await world.eventNotes()).join()).toContain(id);
    await controller.settle();
    expect(await world.ready()).toBe("True InSync");
  });

  test("is adopted without naming them where EC2 may not be read, and that is said", async () => {
    await makeRole(ROLE);
    await makeProfile(ROLE);
    await ec2.run({ profile: ROLE });
    world.aws.denyActions.add("ec2:DescribeInstances");
    await world.apply(world.manifest(ADOPT));
    await controller.once();
    expect(await message()).toContain(
      `region ${REGION} was not searched for instances that use instance profile ${ROLE}`,
    );
  });
});

describe("the announcement of an adoption says", () => {
  test.each([
    ["that the role has no boundary and gets none", undefined, undefined, "has no permissions boundary, and the spec"],
    [
      "that the role has no boundary and gets one",
      undefined,
      BOUNDARY,
      `no permissions boundary, and gets ${BOUNDARY}`,
    ],
    [
      "that the role loses its boundary",
      OTHER_BOUNDARY,
      undefined,
      `boundary ${OTHER_BOUNDARY}, which adoption removes`,
    ],
    ["that the role gets another boundary", OTHER_BOUNDARY, BOUNDARY, `${OTHER_BOUNDARY}, and gets ${BOUNDARY}`],
  ])("%s", async (_what, there, wanted, said) => {
    await makeRole(ROLE, there === undefined ? {} : { PermissionsBoundary: there });
    await world.apply(world.manifest({ ...ADOPT, ...(wanted && { permissionsBoundaryArn: wanted }) }));
    await controller.once();
    expect(await world.ready()).toBe("False AdoptionPlanned");
    expect(await message()).toContain(said);
    expect(world.awsWrites()).toEqual([]);
  });

  test("nothing of a boundary that is as the spec asks", async () => {
    await makeRole(ROLE, { PermissionsBoundary: BOUNDARY });
    await world.apply(world.manifest({ ...ADOPT, permissionsBoundaryArn: BOUNDARY }));
    await controller.once();
    expect(await message()).not.toContain("boundary");
  });
});
