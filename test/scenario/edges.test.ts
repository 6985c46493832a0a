import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Incarnation } from "../support/incarnation.ts";
import { ALLOW_ALL, EC2_TRUST } from "../support/outsider.ts";
import { manifest, World } from "../support/world.ts";

const ROLE = "s3-read-only";
const BOUNDARY = "arn:aws:iam::aws:policy/PowerUserAccess";
const ONLY_S3 = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";

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

async function settled(...[spec, metadata]: Parameters<typeof manifest>): Promise<readonly string[]> {
  world.forgetCalls();
  await world.apply(manifest(spec, metadata));
  await controller.settle();
  expect(await world.ready()).toBe("True InSync");
  return world.awsWrites();
}

/** What a controller that remembers nothing of its writes, and believes every read, would still write. */
async function writesOfANewController(): Promise<readonly string[]> {
  world.forgetCalls();
  for (let i = 0; i < 3; i++) await world.controller().settle();
  return world.awsWrites();
}

const role = () => world.aws.snapshot().roles[ROLE];

describe("names that differ by case alone", () => {
  test("a policy that is renamed so is there all the time, and at rest after", async () => {
    await settled({ policyName: "reader" });
    await settled({ policyName: "Reader" });
    expect(Object.keys(role()?.inlinePolicies ?? {}).length).toBe(1);
    expect(await writesOfANewController()).toEqual([]);
    await settled({ policyName: "READER", statements: [{ effect: "Allow", actions: ["s3:*"], resources: ["*"] }] });
    expect(JSON.stringify(role()?.inlinePolicies)).toContain("s3:*");
    // The record has both spellings until a look shows which of them IAM keeps.
    expect(await writesOfANewController()).toEqual(["TagRole"]);
    expect(await writesOfANewController()).toEqual([]);
  });

  test("a tag key that is rewritten so keeps its tag, on role and profile", async () => {
    await settled({ tags: { Team: "a" } });
    await settled({ tags: { team: "a" } });
    const { roles, instanceProfiles } = world.aws.snapshot();
    for (const { tags } of [roles[ROLE], instanceProfiles[ROLE]].flatMap((it) => it ?? [])) {
      expect(tags).toMatchObject({ team: "a" });
      expect(tags).not.toHaveProperty("Team");
    }
    expect(await writesOfANewController()).toEqual([]);
  });

  test("a role that the profile holds under other letters stays in it", async () => {
    await settled({ deletionPolicy: "Retain" });
    await world.delete();
    await controller.settle();
    await settled({ roleName: ROLE.toUpperCase(), instanceProfileName: ROLE, policyName: ROLE });
    expect(world.awsWrites()).toEqual(["TagRole", "TagInstanceProfile"]);
    expect(await writesOfANewController()).toEqual([]);
  });
});

describe("an edit that takes away and gives at once", () => {
  const statements = (...actions: string[]) => [
    { effect: "Allow", actions, resources: ["*"] },
    { effect: "Deny", actions: ["iam:*"], resources: ["*"] },
  ];

  test("around another boundary goes through what both have in common, which IAM takes", async () => {
    await settled({ permissionsBoundaryArn: BOUNDARY, statements: statements("s3:Get*", "ec2:Describe*") });
    const writes = await settled({ permissionsBoundaryArn: ONLY_S3, statements: statements("s3:Get*", "sqs:*") });
    expect(writes).toEqual(["PutRolePolicy", "PutRolePermissionsBoundary", "PutRolePolicy"]);
    expect(await writesOfANewController()).toEqual([]);
  });

  test("with nothing in common empties the policy in between", async () => {
    const allow = (action: string) => [{ effect: "Allow", actions: [action], resources: ["*"] }];
    await settled({ permissionsBoundaryArn: BOUNDARY, statements: allow("s3:Get*") });
    const writes = await settled({ permissionsBoundaryArn: ONLY_S3, statements: allow("sqs:*") });
    expect(writes).toEqual(["DeleteRolePolicy", "PutRolePermissionsBoundary", "PutRolePolicy"]);
  });

  test("taking the boundary away comes last, putting one on first", async () => {
    await settled({ statements: statements("s3:*") });
    const narrower = { statements: statements("s3:Get*") };
    expect(await settled({ ...narrower, permissionsBoundaryArn: BOUNDARY })).toEqual([
      "PutRolePermissionsBoundary",
      "PutRolePolicy",
    ]);
    expect(await settled({ statements: statements("s3:List*") })).toEqual([
      "PutRolePolicy",
      "DeleteRolePermissionsBoundary",
    ]);
  });

  test("letting another service in comes last, locking one out first", async () => {
    const trust = (...services: string[]) => ({ trust: { services } });
    await settled(trust("ec2.amazonaws.com", "ssm.amazonaws.com"));
    const narrower = { statements: statements("s3:Get*") };
    expect(await settled({ ...narrower, ...trust("ec2.amazonaws.com") })).toEqual([
      "UpdateAssumeRolePolicy",
      "PutRolePolicy",
    ]);
    const wider = { statements: statements("s3:*") };
    expect(await settled({ ...wider, ...trust("ec2.amazonaws.com", "lambda.amazonaws.com") })).toEqual([
      "PutRolePolicy",
      "UpdateAssumeRolePolicy",
    ]);
  });
});

test("a large policy that is renamed does not fail for lack of room beside itself", async () => {
  const statements = Array.from({ length: 30 }, (_, i) => ({
    effect: "Allow",
    actions: ["s3:GetObject"],
    resources: [`arn:aws:s3:::${"b".repeat(150)}${i}/*`],
  }));
  await settled({ policyName: "one", statements });
  expect(await settled({ policyName: "two", statements })).toEqual([
    "TagRole",
    "DeleteRolePolicy",
    "PutRolePolicy",
    "TagRole",
  ]);
  expect(Object.keys(role()?.inlinePolicies ?? {})).toEqual(["two"]);
});

describe("a foreign role in our instance profile", () => {
  async function swapRole(): Promise<void> {
    await world.outsider("CreateRole", { RoleName: "foreign", AssumeRolePolicyDocument: EC2_TRUST });
    await world.outsider("PutRolePolicy", { RoleName: "foreign", PolicyName: "all", PolicyDocument: ALLOW_ALL });
    await world.outsider("RemoveRoleFromInstanceProfile", { InstanceProfileName: ROLE, RoleName: ROLE });
    await world.outsider("AddRoleToInstanceProfile", { InstanceProfileName: ROLE, RoleName: "foreign" });
  }

  test("makes way for ours, and is not touched itself", async () => {
    await settled();
    await swapRole();
    const before = world.aws.snapshot().roles["foreign"];
    world.nowMs += 600_000;
    world.forgetCalls();
    await controller.settle();
    expect(world.awsWrites()).toEqual(["RemoveRoleFromInstanceProfile", "AddRoleToInstanceProfile"]);
    expect(world.aws.snapshot().roles["foreign"]).toEqual(before);
  });

  test("leaves it when the profile goes, and is not touched itself", async () => {
    await settled();
    await swapRole();
    const before = world.aws.snapshot().roles["foreign"];
    world.nowMs += 600_000;
    await world.delete();
    await controller.settle();
    expect(await world.object()).toBeUndefined();
    expect(world.aws.snapshot()).toMatchObject({ roles: { foreign: before }, instanceProfiles: {} });
    expect(Object.keys(world.aws.snapshot().roles)).toEqual(["foreign"]);
  });
});

describe("owner tags that somebody has meddled with", () => {
  test("one taken away: nothing is written, and the message says which tags matter", async () => {
    await settled();
    await world.outsider("UntagRole", { RoleName: ROLE, "TagKeys.member.1": "iam.instanceprofile.dev/name" });
    world.nowMs += 600_000;
    world.forgetCalls();
    await controller.settle();
    expect(world.awsWrites()).toEqual([]);
    expect(await world.ready()).toBe("False OwnedByAnother");
    const { message = "" } = (await world.object())?.status?.conditions?.[0] ?? {};
    expect(message).toContain("iam.instanceprofile.dev/cluster-id, iam.instanceprofile.dev/namespace");
  });

  const tagRole = (key: string, value: string) =>
    world.outsider("TagRole", {
      RoleName: ROLE,
      "Tags.member.1.Key": `iam.instanceprofile.dev/${key}`,
      "Tags.member.1.Value": value,
    });

  test("another cluster id: the deletion waits, and names both ids", async () => {
    await settled();
    await tagRole("cluster-id", "another");
    world.nowMs += 600_000;
    world.forgetCalls();
    await world.delete();
    await controller.settle();
    expect([await world.ready(), world.awsWrites()]).toEqual(["False OwnedByAnother", []]);
  });

  test("those of another cluster's object: the object goes, and leaves the role and its instance profile where they are", async () => {
    await settled();
    await tagRole("cluster-id", "another");
    await tagRole("uid", "another-uid");
    world.nowMs += 600_000;
    await world.delete();
    await controller.settle();
    expect(await world.object()).toBeUndefined();
    expect(Object.keys(world.aws.snapshot().roles)).toEqual([ROLE]);
    expect(Object.keys(world.aws.snapshot().instanceProfiles)).toEqual([ROLE]);
  });

  test("a record of a version to come: nothing is taken off the role, not even when the object goes", async () => {
    await settled({ managedPolicyArns: [ONLY_S3] });
    await world.outsider("TagRole", {
      RoleName: ROLE,
      "Tags.member.1.Key": "iam.instanceprofile.dev/applied",
      "Tags.member.1.Value": "v2.whatever",
    });
    world.nowMs += 600_000;
    const writes = await settled({ policyName: "renamed" });
    expect(writes.filter((action) => /^(Delete|Detach)/.test(action))).toEqual([]);
    expect((await world.object())?.status?.unmanagedPolicies).toEqual([ONLY_S3, ROLE].sort());
    await world.delete();
    await controller.settle();
    expect(await world.ready()).toBe("False UnmanagedPoliciesAttached");
  });
});
