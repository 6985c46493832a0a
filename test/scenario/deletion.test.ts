import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Incarnation } from "../support/incarnation.ts";
import { ALLOW_ALL, EC2_TRUST } from "../support/outsider.ts";
import { manifest, World } from "../support/world.ts";

const ROLE = "s3-read-only";
const READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess";
const DELETION = ["RemoveRoleFromInstanceProfile", "DeleteInstanceProfile", "DeleteRolePolicy", "DeleteRole"];
const FORCE = { "iam.instanceprofile.dev/force-delete": "true" };
/** Longer than the settle window. */
const LATER_MS = 600_000;

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

async function established(spec: Parameters<typeof manifest>[0] = {}): Promise<void> {
  await world.apply(manifest(spec));
  await controller.settle();
  expect(await world.ready()).toBe("True InSync");
  world.nowMs += LATER_MS;
  world.forgetCalls();
}

async function goes(): Promise<void> {
  await world.delete();
  await controller.settle();
}

const message = async (): Promise<string> => (await world.object())?.status?.conditions?.[0]?.message ?? "";
const notesOf = (reason: string): readonly string[] =>
  world.kube.events.filter((event) => event.reason === reason).map(({ note }) => note);

async function foreignProfile(name: string): Promise<void> {
  await world.outsider("CreateInstanceProfile", { InstanceProfileName: name });
  await world.outsider("AddRoleToInstanceProfile", { InstanceProfileName: name, RoleName: ROLE });
}

describe("what a deletion costs", () => {
  test("is 4 writes, after 5 reads of IAM and 2 of EC2: all that could be in the way", async () => {
    await established();
    await goes();
    expect(world.awsWrites()).toEqual(DELETION);
    expect(world.awsCalls().slice(0, 5).toSorted()).toEqual([
      ...[
        "GetInstanceProfile",
        "GetRole",
        "ListAttachedRolePolicies",
        "ListInstanceProfilesForRole",
        "ListRolePolicies",
      ],
    ]);
    // The last ones before the writes ask EC2 what uses the profile: shared for two seconds, and for a minute.
    const users = ["DescribeIamInstanceProfileAssociations", "DescribeLaunchTemplateVersions"];
    expect(world.awsCalls().slice(5, 7).toSorted()).toEqual(users);
    expect(world.awsCalls().length).toBe(11);
    expect(await world.object()).toBeUndefined();
  });
});

describe("what others have hung on the role", () => {
  test("holds the deletion up before anything is written, and is named in status", async () => {
    await established();
    await foreignProfile("theirs");
    await world.outsider("AttachRolePolicy", { RoleName: ROLE, PolicyArn: READ_ONLY });
    await world.outsider("PutRolePolicy", { RoleName: ROLE, PolicyName: "by-hand", PolicyDocument: ALLOW_ALL });
    await goes();
    expect(world.awsWrites()).toEqual([]);
    expect(await world.ready()).toBe("False UnmanagedPoliciesAttached");
    expect(await message()).toContain(`${READ_ONLY}, by-hand`);
    expect(await message()).toContain("in instance profiles that this object does not own: theirs.");
  });

  test("goes by force, with an Event for each thing that went; their profile stays", async () => {
    await established();
    await foreignProfile("theirs");
    await world.outsider("AttachRolePolicy", { RoleName: ROLE, PolicyArn: READ_ONLY });
    await goes();
    await world.annotate(FORCE);
    await controller.settle();
    expect(await world.object()).toBeUndefined();
    expect(notesOf("ForcedRemoval")).toEqual([
      expect.stringContaining(`role ${ROLE} in instance profile theirs`),
      expect.stringContaining(`managed policy ${READ_ONLY} on role ${ROLE}`),
    ]);
    expect(world.aws.snapshot()).toMatchObject({ roles: {}, instanceProfiles: { theirs: {} } });
    expect(world.aws.snapshot().instanceProfiles["theirs"]).not.toHaveProperty("roleName");
  });

  test("is no matter once it is taken off", async () => {
    await established();
    await foreignProfile("theirs");
    await goes();
    expect(await world.ready()).toBe("False RoleInUnmanagedInstanceProfile");
    await world.outsider("RemoveRoleFromInstanceProfile", { InstanceProfileName: "theirs", RoleName: ROLE });
    await controller.settle();
    expect(await world.object()).toBeUndefined();
  });
});

describe("what comes in the way between the look and the deletion", () => {
  /** Somebody acts right before the first of our calls of this action. */
  function meanwhile(action: string, act: () => Promise<void>): void {
    let isDone = false;
    world.aws.onRequest(async (request) => {
      if (isDone || request.action !== action) return undefined;
      isDone = true;
      await act();
      return undefined;
    });
  }

  test.each([
    [
      "a policy",
      "UnmanagedPoliciesAttached",
      READ_ONLY,
      () => world.outsider("AttachRolePolicy", { RoleName: ROLE, PolicyArn: READ_ONLY }),
    ],
    ["a profile", "RoleInUnmanagedInstanceProfile", "theirs", () => foreignProfile("theirs")],
  ])("%s is found by a second look and named; what went is told", async (_, reason, name, act) => {
    await established();
    meanwhile("DeleteRole", act);
    await goes();
    expect(await world.ready()).toBe(`False ${reason}`);
    expect(await message()).toContain(name);
    expect(notesOf("Deleting")).toEqual([expect.stringContaining(`inline policy ${ROLE} of role ${ROLE}`)]);
    await world.annotate(FORCE);
    await controller.settle();
    expect(await world.object()).toBeUndefined();
    expect(world.aws.snapshot().roles).toEqual({});
  });

  test("another role in our profile leaves it, and is not touched", async () => {
    await established();
    await world.outsider("CreateRole", { RoleName: "foreign", AssumeRolePolicyDocument: EC2_TRUST });
    meanwhile("DeleteInstanceProfile", () =>
      world.outsider("AddRoleToInstanceProfile", { InstanceProfileName: ROLE, RoleName: "foreign" }),
    );
    await goes();
    expect(await world.object()).toBeUndefined();
    expect(Object.keys(world.aws.snapshot().roles)).toEqual(["foreign"]);
  });

  test.each(DELETION)("somebody who does %s first is no matter", async (action) => {
    await established();
    const params = { RoleName: ROLE, InstanceProfileName: ROLE, PolicyName: ROLE };
    meanwhile(action, () => world.outsider(action, params));
    await goes();
    expect(await world.object()).toBeUndefined();
    expect(world.aws.snapshot()).toMatchObject({ roles: {}, instanceProfiles: {} });
  });
});
