import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { AwsConnection } from "../../../src/aws/aws-connection.ts";
import { TAG_KEYS } from "../../../src/model/ownership.ts";
import { type AwsSandbox, startAwsSandbox } from "../../../src/sandbox/aws/server.ts";
import { CLUSTER_ID } from "../../support/builders.ts";
import { connectDirectly } from "../../support/direct-aws.ts";
import { Fleet } from "../../support/fleet.ts";
import { ALLOW_ALL, EC2_TRUST, outsider } from "../../support/outsider.ts";

/**
 * A scan of the account sees drift. Between the scan and the repair somebody replaces the role or the instance profile by one of their
 * own of the same name, to have the controller write to it.
 */
const READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess";
const OWNER = { [TAG_KEYS.clusterId]: CLUSTER_ID, [TAG_KEYS.namespace]: "default", [TAG_KEYS.name]: "app" };

type Tags = Readonly<Record<string, string>>;

let aws: AwsSandbox;
let connection: AwsConnection;
let fleet: Fleet;

beforeAll(async () => {
  aws = await startAwsSandbox({ now: () => fleet?.clock.nowMs() ?? 0 });
  connection = connectDirectly(aws);
});
beforeEach(async () => {
  aws.reset();
  const { iamReader: reader, iamWriter: writer, accountReader } = connection;
  fleet = new Fleet({ change: { reader, writer }, reader: accountReader });
  fleet.apply("app", { tags: { team: "a" }, managedPolicyArns: [READ_ONLY] });
  await fleet.drain();
  await fleet.clock.advance(180_000);
  aws.calls.reset();
});
afterAll(async () => {
  connection.close();
  await aws.close();
});

const iam = (action: string, params: Tags): Promise<void> => outsider(aws.url, action, { ...params });

function written(): readonly string[] {
  const calls = aws.calls.matching({ accessKeyId: "controller" });
  return calls.filter(({ isWrite }) => isWrite).map(({ action }) => action);
}

function tagParams(tags: Tags): Tags {
  const entries = Object.entries(tags).flatMap(([key, value], i) => [
    [`Tags.member.${i + 1}.Key`, key],
    [`Tags.member.${i + 1}.Value`, value],
  ]);
  return Object.fromEntries(entries);
}

async function deleteRole(): Promise<void> {
  const role = aws.snapshot().roles["app"];
  for (const PolicyName of Object.keys(role?.inlinePolicies ?? {})) {
    await iam("DeleteRolePolicy", { RoleName: "app", PolicyName });
  }
  for (const PolicyArn of role?.managedPolicyArns ?? []) await iam("DetachRolePolicy", { RoleName: "app", PolicyArn });
  const isIn = aws.snapshot().instanceProfiles["app"]?.roleName === "app";
  if (isIn) await iam("RemoveRoleFromInstanceProfile", { RoleName: "app", InstanceProfileName: "app" });
  await iam("DeleteRole", { RoleName: "app" });
}

async function replaceRole(tags: Tags, roleName = "app"): Promise<void> {
  await deleteRole();
  await iam("CreateRole", { RoleName: roleName, AssumeRolePolicyDocument: EC2_TRUST, ...tagParams(tags) });
}

async function replaceProfile(tags: Tags): Promise<void> {
  if (aws.snapshot().instanceProfiles["app"]?.roleName !== undefined) {
    await iam("RemoveRoleFromInstanceProfile", { RoleName: "app", InstanceProfileName: "app" });
  }
  await iam("DeleteInstanceProfile", { InstanceProfileName: "app" });
  await iam("CreateInstanceProfile", { InstanceProfileName: "app", ...tagParams(tags) });
}

const named = { RoleName: "app" };

/** What the scan sees, each repaired by another write. */
const DRIFTS: readonly (readonly [string, () => Promise<void>])[] = [
  [
    "an inline policy that was edited",
    () => iam("PutRolePolicy", { ...named, PolicyName: "app", PolicyDocument: ALLOW_ALL }),
  ],
  ["an inline policy that was deleted", () => iam("DeleteRolePolicy", { ...named, PolicyName: "app" })],
  [
    "a trust policy that was edited",
    () => iam("UpdateAssumeRolePolicy", { ...named, PolicyDocument: EC2_TRUST.replace("ec2.", "lambda.") }),
  ],
  ["a description that was edited", () => iam("UpdateRole", { ...named, Description: "mine" })],
  ["a managed policy that was detached", () => iam("DetachRolePolicy", { ...named, PolicyArn: READ_ONLY })],
  ["a tag that was edited", () => iam("TagRole", { ...named, ...tagParams({ team: "b" }) })],
  [
    "a role that was taken out of its instance profile",
    () => iam("RemoveRoleFromInstanceProfile", { ...named, InstanceProfileName: "app" }),
  ],
];

/** What they put in the place of the role, and what the object then says. */
const REPLACEMENTS: readonly (readonly [string, Tags, string])[] = [
  ["without tags", {}, "False AlreadyExists"],
  ["with the tags of another object's role", { ...OWNER, [TAG_KEYS.name]: "other" }, "False OwnedByAnother"],
  ["with the owner tags of another cluster", { ...OWNER, [TAG_KEYS.clusterId]: "cluster-2" }, "False OwnedByAnother"],
  ["with a part of the owner tags", { [TAG_KEYS.name]: "app" }, "False OwnedByAnother"],
  ["with the record of applied policies alone", { [TAG_KEYS.applied]: "v1.66.BZzBM1." }, "False AlreadyExists"],
];

describe.each(DRIFTS)("between a scan that sees %s and its repair", (_drift, drift) => {
  test.each(REPLACEMENTS)("a role that is replaced by one %s gets no write", async (_what, tags, ready) => {
    await drift();
    await fleet.scan();
    await replaceRole(tags);
    await fleet.drain();
    expect(written()).toEqual([]);
    expect(fleet.ready("app")).toBe(ready);
  });
});

test("a role that is replaced by one whose name differs in case gets no write", async () => {
  await DRIFTS[0]?.[1]();
  await fleet.scan();
  await replaceRole({}, "APP");
  await fleet.drain();
  expect(written()).toEqual([]);
  expect(fleet.ready("app")).toBe("False AlreadyExists");
});

test("a role that loses its owner tags gets no write, though it is the very role that the scan saw", async () => {
  await DRIFTS[0]?.[1]();
  await fleet.scan();
  const keys = Object.keys(OWNER).map((key, i) => [`TagKeys.member.${i + 1}`, key]);
  await iam("UntagRole", { ...named, ...Object.fromEntries(keys) });
  await fleet.drain();
  expect(written()).toEqual([]);
  expect(fleet.ready("app")).toBe("False AlreadyExists");
});

test("a role that is replaced by one with all owner tags is read whole before it is written: the tags are the proof", async () => {
  await DRIFTS[0]?.[1]();
  await fleet.scan();
  await replaceRole(OWNER);
  await fleet.drain();
  const reads = aws.calls.matching({ accessKeyId: "controller" }).map(({ action }) => action);
  expect(reads).toContain("ListRolePolicies");
  expect(reads.indexOf("ListRolePolicies")).toBeLessThan(reads.indexOf("PutRolePolicy"));
});

describe("between a scan that sees an instance profile without its role and the repair", () => {
  test.each([
    ["without tags", {}, "False AlreadyExists"],
    ["with the tags of another object", { ...OWNER, [TAG_KEYS.name]: "other" }, "False OwnedByAnother"],
    ["with the owner tags of another cluster", { ...OWNER, [TAG_KEYS.clusterId]: "cluster-2" }, "False OwnedByAnother"],
    ["with a part of the owner tags", { [TAG_KEYS.namespace]: "default" }, "False OwnedByAnother"],
  ])("a profile that is replaced by one %s gets no role", async (_what, tags, ready) => {
    await iam("RemoveRoleFromInstanceProfile", { ...named, InstanceProfileName: "app" });
    await fleet.scan();
    await replaceProfile(tags);
    await fleet.drain();
    expect(written()).toEqual([]);
    expect(aws.snapshot().instanceProfiles["app"]?.roleName).toBeUndefined();
    expect(fleet.ready("app")).toBe(ready);
  });
});

describe("between a scan and a deletion, which presumes the instance profile that the controller has created", () => {
  const FOREIGN: readonly (readonly [string, Tags])[] = [
    ["without tags", {}],
    ["with the tags of another object", { ...OWNER, [TAG_KEYS.name]: "other" }],
    ["with the owner tags of another cluster", { ...OWNER, [TAG_KEYS.clusterId]: "cluster-2" }],
  ];

  test.each(FOREIGN)("a profile that is replaced by one %s stays", async (_what, tags) => {
    await fleet.scan();
    await replaceProfile(tags);
    const { app } = aws.snapshot().instanceProfiles;
    fleet.delete("app");
    await fleet.drain();
    expect(aws.snapshot().instanceProfiles).toEqual({ app });
    expect(aws.snapshot().roles).toEqual({});
    expect(written()).not.toContain("DeleteInstanceProfile");
  });

  test.each(FOREIGN)(
    "a profile that is replaced by one %s before the scan stays, with the role in it",
    async (_what, tags) => {
      await replaceProfile(tags);
      await iam("AddRoleToInstanceProfile", { ...named, InstanceProfileName: "app" });
      await fleet.scan();
      fleet.delete("app");
      await fleet.drain();
      expect(aws.snapshot().instanceProfiles["app"]).toMatchObject({ roleName: "app" });
      expect(written()).toEqual([]);
    },
  );

  test.each([[Object.keys(OWNER)], [[TAG_KEYS.name]]])(
    "a role that loses the tags %j stays, though it is the very role that the scan saw",
    async (keys) => {
      await fleet.scan();
      const tagKeys = keys.map((key, i) => [`TagKeys.member.${i + 1}`, key]);
      await iam("UntagRole", { ...named, ...Object.fromEntries(tagKeys) });
      fleet.delete("app");
      await fleet.drain();
      expect(Object.keys(aws.snapshot().roles)).toEqual(["app"]);
      expect(written().filter((action) => action.includes("RolePolicy") || action === "DeleteRole")).toEqual([]);
    },
  );

  test("a policy that somebody attaches is found when IAM refuses to delete the role", async () => {
    await fleet.scan();
    await iam("AttachRolePolicy", { ...named, PolicyArn: "arn:aws:iam::aws:policy/AdministratorAccess" });
    fleet.delete("app");
    await fleet.drain();
    expect(fleet.ready("app")).toBe("False UnmanagedPoliciesAttached");
    expect(Object.keys(aws.snapshot().roles)).toEqual(["app"]);
  });
});

describe("between a scan and a deletion, which knows from the scan what is on the role", () => {
  test.each(REPLACEMENTS)("a role that is replaced by one %s stays", async (_what, tags) => {
    await fleet.scan();
    await replaceRole(tags);
    fleet.delete("app");
    await fleet.drain();
    expect(Object.keys(aws.snapshot().roles)).toEqual(["app"]);
    expect(written().filter((action) => action.includes("RolePolicy") || action === "DeleteRole")).toEqual([]);
  });

  test("a role that somebody swaps in the owned instance profile loses its place in it, and nothing else", async () => {
    await fleet.scan();
    await iam("RemoveRoleFromInstanceProfile", { ...named, InstanceProfileName: "app" });
    await iam("CreateRole", { RoleName: "theirs", AssumeRolePolicyDocument: EC2_TRUST });
    await iam("AddRoleToInstanceProfile", { RoleName: "theirs", InstanceProfileName: "app" });
    fleet.delete("app");
    await fleet.drain();
    expect(Object.keys(aws.snapshot().roles)).toEqual(["theirs"]);
    expect(aws.snapshot().instanceProfiles).toEqual({});
  });
});
