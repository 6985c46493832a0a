import { describe, expect, test } from "vitest";
import { connectAws } from "../../../src/aws/aws-connection.ts";
import type { Action, ActionOutcome } from "../../../src/plan/action.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { recordingHandler } from "../../support/recording-handler.ts";

const never = new AbortController().signal;

/** Performs the action; what went over the wire, as name=value, without what every request carries. */
async function sent(
  action: Action,
  results: Readonly<Record<string, string>> = {},
): Promise<{
  readonly form: Readonly<Record<string, string>>;
  readonly outcome: ActionOutcome;
  readonly count: number;
}> {
  const network = recordingHandler(results);
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };
  const options = { clock: new FakeClock(), version: "0", region: "eu-west-1", credentials };
  const aws = connectAws({ ...options, requestHandler: network.handler });
  const outcome = await aws.iamWriter.perform(action, never);
  const { Version: _, ...form } = Object.fromEntries(network.requests[0]?.form ?? []);
  return { form, outcome, count: network.requests.length };
}

const CREATED_ROLE = {
  CreateRole: "<Role><Arn>arn:aws:iam::123456789012:role/apps/app</Arn><RoleId>AROAEXAMPLE</RoleId></Role>",
};
const CREATED_PROFILE = {
  CreateInstanceProfile:
    "<InstanceProfile><Arn>arn:aws:iam::123456789012:instance-profile/app</Arn><InstanceProfileId>AIPAEXAMPLE</InstanceProfileId></InstanceProfile>",
};

const createRole: Action = {
  kind: "CreateRole",
  roleName: "app",
  path: "/apps/",
  description: "For the app",
  maxSessionDurationSeconds: 7200,
  permissionsBoundaryArn: "arn:aws:iam::123456789012:policy/boundary",
  document: '{"Version":"2012-10-17"}',
  tags: { team: "a", "iam.instanceprofile.dev/uid": "u", empty: "" },
};

describe("creating", () => {
  test("a role is made whole in one call, its tags sorted", async () => {
    const { form, outcome, count } = await sent(createRole, CREATED_ROLE);
    expect(form).toEqual({
      Action: "CreateRole",
      RoleName: "app",
      Path: "/apps/",
      Description: "For the app",
      MaxSessionDuration: "7200",
      PermissionsBoundary: "arn:aws:iam::123456789012:policy/boundary",
      AssumeRolePolicyDocument: '{"Version":"2012-10-17"}',
      "Tags.member.1.Key": "empty",
      "Tags.member.1.Value": "",
      "Tags.member.2.Key": "iam.instanceprofile.dev/uid",
      "Tags.member.2.Value": "u",
      "Tags.member.3.Key": "team",
      "Tags.member.3.Value": "a",
    });
    expect(outcome).toEqual({ created: { arn: "arn:aws:iam::123456789012:role/apps/app", id: "AROAEXAMPLE" } });
    expect(count).toBe(1);
  });

  test("a role without description, boundary and tags names none of them", async () => {
    const plain: Action = { ...createRole, description: "", permissionsBoundaryArn: undefined, tags: {} };
    const { form } = await sent(plain, CREATED_ROLE);
    expect(Object.keys(form).sort()).toEqual([
      "Action",
      "AssumeRolePolicyDocument",
      "MaxSessionDuration",
      "Path",
      "RoleName",
    ]);
  });

  test("an instance profile answers with its ARN and id", async () => {
    const action: Action = {
      kind: "CreateInstanceProfile",
      instanceProfileName: "app",
      path: "/",
      tags: { team: "a" },
    };
    const { form, outcome } = await sent(action, CREATED_PROFILE);
    expect(form).toEqual({
      Action: "CreateInstanceProfile",
      InstanceProfileName: "app",
      Path: "/",
      "Tags.member.1.Key": "team",
      "Tags.member.1.Value": "a",
    });
    expect(outcome).toEqual({
      created: { arn: "arn:aws:iam::123456789012:instance-profile/app", id: "AIPAEXAMPLE" },
    });
  });
});

const CHANGES: readonly (readonly [Action, Readonly<Record<string, string>>])[] = [
  [{ kind: "DeleteRole", roleName: "app" }, { RoleName: "app" }],
  [
    { kind: "UpdateRole", roleName: "app", description: "", maxSessionDurationSeconds: 3600, changes: ["description"] },
    { RoleName: "app", Description: "", MaxSessionDuration: "3600" },
  ],
  [
    { kind: "UpdateAssumeRolePolicy", roleName: "app", document: "{}", changes: [] },
    { RoleName: "app", PolicyDocument: "{}" },
  ],
  [
    { kind: "PutRolePermissionsBoundary", roleName: "app", permissionsBoundaryArn: "arn:b" },
    { RoleName: "app", PermissionsBoundary: "arn:b" },
  ],
  [{ kind: "DeleteRolePermissionsBoundary", roleName: "app" }, { RoleName: "app" }],
  [
    { kind: "PutRolePolicy", roleName: "app", policyName: "s3", document: '{"a":"%2F+&ü"}', changes: [] },
    { RoleName: "app", PolicyName: "s3", PolicyDocument: '{"a":"%2F+&ü"}' },
  ],
  [
    { kind: "DeleteRolePolicy", roleName: "app", policyName: "s3" },
    { RoleName: "app", PolicyName: "s3" },
  ],
  [
    { kind: "AttachRolePolicy", roleName: "app", policyArn: "arn:p" },
    { RoleName: "app", PolicyArn: "arn:p" },
  ],
  [
    { kind: "DetachRolePolicy", roleName: "app", policyArn: "arn:p" },
    { RoleName: "app", PolicyArn: "arn:p" },
  ],
  [
    { kind: "TagRole", roleName: "app", tags: { b: "2", a: "1" } },
    {
      RoleName: "app",
      "Tags.member.1.Key": "a",
      "Tags.member.1.Value": "1",
      "Tags.member.2.Key": "b",
      "Tags.member.2.Value": "2",
    },
  ],
  [
    { kind: "UntagRole", roleName: "app", tagKeys: ["b", "a"] },
    { RoleName: "app", "TagKeys.member.1": "a", "TagKeys.member.2": "b" },
  ],
  [{ kind: "DeleteInstanceProfile", instanceProfileName: "p" }, { InstanceProfileName: "p" }],
  [
    { kind: "AddRoleToInstanceProfile", instanceProfileName: "p", roleName: "app" },
    { InstanceProfileName: "p", RoleName: "app" },
  ],
  [
    { kind: "RemoveRoleFromInstanceProfile", instanceProfileName: "p", roleName: "app" },
    { InstanceProfileName: "p", RoleName: "app" },
  ],
  [
    { kind: "TagInstanceProfile", instanceProfileName: "p", tags: { a: "1" } },
    { InstanceProfileName: "p", "Tags.member.1.Key": "a", "Tags.member.1.Value": "1" },
  ],
  [
    { kind: "UntagInstanceProfile", instanceProfileName: "p", tagKeys: ["a"] },
    { InstanceProfileName: "p", "TagKeys.member.1": "a" },
  ],
];

describe("changing and removing", () => {
  test.each(CHANGES.map(([action, form]) => [action.kind, action, form] as const))(
    "%s is one request of that name with just what the action says",
    async (kind, action, form) => {
      const result = await sent(action);
      expect(result.form).toEqual({ Action: kind, ...form });
      expect(result.count).toBe(1);
      expect(result.outcome).toEqual({ created: undefined });
    },
  );
});

describe("more tags than IAM takes", () => {
  const tags = Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`key-${n}`, "v"]));

  test.each<Action>([
    { ...createRole, tags },
    { kind: "TagRole", roleName: "app", tags },
    { kind: "CreateInstanceProfile", instanceProfileName: "app", path: "/", tags },
    { kind: "TagInstanceProfile", instanceProfileName: "app", tags },
  ])("$kind with 51 tags is refused before it is sent", async (action) => {
    await expect(sent(action)).rejects.toMatchObject({
      disposition: "terminal",
      reason: "TooManyTags",
      message: expect.stringContaining("51 tags exceed IAM's limit of 50"),
    });
  });
});
