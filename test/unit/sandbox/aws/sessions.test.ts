import { beforeEach, expect, test } from "vitest";
import { InProcessAws, type Key, must, policy } from "./in-process.ts";
import { hourMs, TestInstance } from "./instance.ts";

let aws: InProcessAws;
let key: Key;
let id: string;

const allow = (...actions: readonly string[]) => ({ Effect: "Allow", Action: actions, Resource: "*" });

async function setPolicy(...statements: readonly object[]): Promise<void> {
  const PolicyDocument = policy(...statements);
  must(await aws.iam("PutRolePolicy", { RoleName: "app", PolicyName: "app", PolicyDocument }));
}

beforeEach(async () => {
  aws = new InProcessAws();
  await aws.profileWithRole("app");
  const instance = await TestInstance.launch(aws, "app");
  id = instance.id;
  key = instance.key();
});

test("knows an instance as a session of its role, named after the instance", async () => {
  const { result } = must(await aws.sts("GetCallerIdentity", {}, key));
  expect(result).toEqual({
    Account: "123456789012",
    Arn: `arn:aws:sts::123456789012:assumed-role/app/${id}`,
    UserId: `${aws.account.roles.latest("app")?.id}:${id}`,
  });
});

test("refuses temporary credentials that are unknown, incomplete or expired, each service in its own words", async () => {
  const wrong = { ...key, token: "wrong" };
  const unknown = { accessKeyId: "ASIAAAAAAAAAAAAAAAAA", token: "any" };
  const codes = async (given: Key): Promise<unknown> => [
    (await aws.sts("GetCallerIdentity", {}, given)).code,
    (await aws.iam("ListRoles", {}, given)).code,
    (await aws.ec2("DescribeInstances", {}, undefined, given)).code,
    aws.s3("GET", "/", given).code,
  ];
  expect(await codes(unknown)).toEqual([
    "InvalidClientTokenId",
    "InvalidClientTokenId",
    "AuthFailure",
    "InvalidAccessKeyId",
  ]);
  expect(await codes(wrong)).toEqual(["InvalidClientTokenId", "InvalidClientTokenId", "AuthFailure", "InvalidToken"]);
  aws.nowMs += 6 * hourMs;
  expect(await codes(key)).toEqual(["ExpiredToken", "ExpiredToken", "RequestExpired", "ExpiredToken"]);
});

test("lets a session do what its role's policies allow now", async () => {
  const list = () => aws.iam("ListRoles", {}, key);
  expect(await list()).toMatchObject({
    status: 403,
    code: "AccessDenied",
    message: `User: arn:aws:sts::123456789012:assumed-role/app/${id} is not authorized to perform: iam:ListRoles on resource: arn:aws:iam::123456789012:role/ because no identity-based policy allows the iam:ListRoles action`,
  });
  await setPolicy(allow("iam:List*"));
  must(await list());
  await setPolicy(allow("iam:List*"), { Effect: "Deny", Action: "iam:ListRoles", Resource: "*" });
  expect((await list()).message).toMatch(/with an explicit deny in an identity-based policy$/);
});

test("takes attached policies and the permissions boundary into account", async () => {
  must(
    await aws.iam("AttachRolePolicy", {
      RoleName: "app",
      PolicyArn: "arn:aws:iam::aws:policy/IAMReadOnlyAccess",
    }),
  );
  must(await aws.iam("ListRoles", {}, key));
  must(
    await aws.iam("PutRolePermissionsBoundary", {
      RoleName: "app",
      PermissionsBoundary: "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
    }),
  );
  expect((await aws.iam("ListRoles", {}, key)).message).toMatch(
    /because no permissions boundary allows the iam:ListRoles action$/,
  );
});

test("allows nothing any more when the role is gone, even when a namesake is made", async () => {
  await setPolicy(allow("*"));
  must(await aws.iam("ListRoles", {}, key));
  must(await aws.iam("RemoveRoleFromInstanceProfile", { InstanceProfileName: "app", RoleName: "app" }));
  must(await aws.iam("DeleteRolePolicy", { RoleName: "app", PolicyName: "app" }));
  must(await aws.iam("DeleteRole", { RoleName: "app" }));
  await aws.role("app");
  await setPolicy(allow("*"));
  expect((await aws.iam("ListRoles", {}, key)).code).toBe("AccessDenied");
});

test("asks for permissions on the very thing: a role under a path, an instance with a tag", async () => {
  await setPolicy(
    { Effect: "Allow", Action: "iam:CreateRole", Resource: "arn:aws:iam::123456789012:role/k8s/*" },
    {
      Effect: "Allow",
      Action: "ec2:TerminateInstances",
      Resource: "arn:aws:ec2:*:123456789012:instance/*",
      Condition: { StringEquals: { "aws:ResourceTag/team": "red" } },
    },
  );
  const trust = policy({ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" });
  const create = (Path: string, RoleName: string) =>
    aws.iam("CreateRole", { RoleName, Path, AssumeRolePolicyDocument: trust }, key);
  expect((await create("/other/", "a")).code).toBe("AccessDenied");
  must(await create("/k8s/", "b"));
  const terminate = () => aws.ec2("TerminateInstances", { "InstanceId.1": id }, undefined, key);
  expect(await terminate()).toMatchObject({ status: 403, code: "UnauthorizedOperation" });
  must(await aws.ec2("CreateTags", { "ResourceId.1": id, "Tag.1.Key": "team", "Tag.1.Value": "red" }));
  must(await terminate());
});

test("passes roles only to whom the policy says", async () => {
  const launch = { ImageId: "ami-12345678", MinCount: "1", MaxCount: "1", "IamInstanceProfile.Name": "app" };
  const pass = (service: string) => ({
    Effect: "Allow",
    Action: "iam:PassRole",
    Resource: "arn:aws:iam::123456789012:role/app",
    Condition: { StringEquals: { "iam:PassedToService": service } },
  });
  await setPolicy(allow("ec2:RunInstances"), pass("lambda.amazonaws.com"));
  expect((await aws.ec2("RunInstances", launch, undefined, key)).message).toContain("iam:PassRole");
  await setPolicy(allow("ec2:RunInstances"), pass("ec2.amazonaws.com"));
  must(await aws.ec2("RunInstances", launch, undefined, key));
});

test("assumes a role of another account that trusts the caller's account, if the caller's own policies allow it", async () => {
  const other = "222222222222";
  const trusting = policy({
    Effect: "Allow",
    Principal: { AWS: "123456789012" },
    Action: "sts:AssumeRole",
    Condition: { StringEquals: { "sts:ExternalId": "team-a" }, StringLike: { "sts:RoleSessionName": "ctl-*" } },
  });
  must(await aws.iam("CreateRole", { RoleName: "hub", AssumeRolePolicyDocument: trusting }, other));
  const RoleArn = `arn:aws:iam::${other}:role/hub`;
  const assume = (ExternalId: string, by: Key | string = key) =>
    aws.sts("AssumeRole", { RoleArn, RoleSessionName: "ctl-1", ExternalId }, by);
  expect((await assume("team-a")).code).toBe("AccessDenied");
  await setPolicy({ Effect: "Allow", Action: "sts:AssumeRole", Resource: RoleArn });
  expect((await assume("team-b")).code).toBe("AccessDenied");
  expect((await assume("team-a", "333333333333")).code).toBe("AccessDenied");
  const { Credentials } = must(await assume("team-a")).result;
  const hub = { accessKeyId: Credentials.AccessKeyId, token: Credentials.SessionToken };
  expect(must(await aws.sts("GetCallerIdentity", {}, hub)).result).toMatchObject({
    Account: other,
    Arn: `arn:aws:sts::${other}:assumed-role/hub/ctl-1`,
  });
  expect(aws.account.roles.latest("hub")).toBeUndefined();
  aws.nowMs += hourMs;
  expect((await aws.sts("GetCallerIdentity", {}, hub)).code).toBe("ExpiredToken");
});

test("chains roles for an hour at most", async () => {
  const trusting = policy({ Effect: "Allow", Principal: { AWS: "123456789012" }, Action: "sts:AssumeRole" });
  await aws.role("next", { AssumeRolePolicyDocument: trusting, MaxSessionDuration: "7200" });
  await setPolicy(allow("sts:AssumeRole"));
  const RoleArn = "arn:aws:iam::123456789012:role/next";
  const params = { RoleArn, RoleSessionName: "chained", DurationSeconds: "7200" };
  expect((await aws.sts("AssumeRole", params, key)).message).toMatch(/1 hour session limit/);
  must(await aws.sts("AssumeRole", params));
});
