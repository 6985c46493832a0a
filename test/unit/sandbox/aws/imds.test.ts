import { expect, test } from "vitest";
import { credentialTimes } from "../../../../src/sandbox/aws/imds/role-credentials.ts";
import { InProcessAws, must, policy } from "./in-process.ts";
import { hourMs, TestInstance } from "./instance.ts";

const ttl = "x-aws-ec2-metadata-token-ttl-seconds";
const tokenPath = "/latest/api/token";

async function onInstance(): Promise<{ readonly aws: InProcessAws; readonly instance: TestInstance }> {
  const aws = new InProcessAws();
  await aws.profileWithRole("app");
  return { aws, instance: await TestInstance.launch(aws, "app") };
}

async function associationId(aws: InProcessAws): Promise<string> {
  const { result } = must(await aws.ec2("DescribeIamInstanceProfileAssociations"));
  return result.iamInstanceProfileAssociationSet.item[0].associationId;
}

test("gives tokens for one second to six hours, and not to what a proxy forwards", async () => {
  const { instance } = await onInstance();
  const status = (headers: Readonly<Record<string, string>>) => instance.request("PUT", tokenPath, headers)?.status;
  for (const wrong of ["0", "21601", "-1", "x", ""]) expect([wrong, status({ [ttl]: wrong })]).toEqual([wrong, 400]);
  expect(status({})).toBe(400);
  expect(status({ [ttl]: "60", "x-forwarded-for": "10.0.0.1" })).toBe(403);
  expect(status({ [ttl]: "1" })).toBe(200);
  expect(instance.request("PUT", tokenPath, { [ttl]: "21600" })?.headers).toMatchObject({ [ttl]: "21600" });
});

test("answers nothing without a token, with a wrong one, or with one that has ended", async () => {
  const { aws, instance } = await onInstance();
  const read = (headers: Readonly<Record<string, string>>) =>
    instance.request("GET", "/latest/meta-data/instance-id", headers)?.status;
  const token = instance.request("PUT", tokenPath, { [ttl]: "60" })?.body ?? "";
  expect([read({}), read({ "x-aws-ec2-metadata-token": "wrong" })]).toEqual([401, 401]);
  expect(read({ "x-aws-ec2-metadata-token": token })).toBe(200);
  aws.nowMs += 60_000;
  expect(read({ "x-aws-ec2-metadata-token": token })).toBe(401);
  expect(instance.request("DELETE", "/latest/meta-data/instance-id")?.status).toBe(405);
});

test("tells the instance who and where it is", async () => {
  const { instance } = await onInstance();
  expect(instance.read("instance-id")?.body).toBe(instance.id);
  expect(instance.read("placement/region")?.body).toBe("us-east-1");
  expect(instance.read("placement/")?.body.split("\n")).toEqual(["availability-zone", "region"]);
  expect(instance.read("")?.body.split("\n")).toContain("iam/");
  expect(instance.read("nothing")?.status).toBe(404);
});

test("replaces credentials five minutes before their end, and short ones after half of their lifetime", () => {
  expect(credentialTimes(6 * hourMs)).toMatchObject({ lifetimeMs: 6 * hourMs, renewBeforeMs: 300_000 });
  expect(credentialTimes(60_000)).toMatchObject({ lifetimeMs: 60_000, renewBeforeMs: 30_000 });
});

test("has credentials of the profile's role", async () => {
  const { aws, instance } = await onInstance();
  const info = JSON.parse(instance.read("iam/info")?.body ?? "");
  expect(info).toMatchObject({
    Code: "Success",
    InstanceProfileArn: "arn:aws:iam::123456789012:instance-profile/app",
    InstanceProfileId: aws.account.instanceProfiles.latest("app")?.id,
  });
  expect(instance.read("iam/security-credentials")?.body).toBe("app");
  expect(instance.credentials()).toEqual({
    Code: "Success",
    LastUpdated: "2026-01-01T00:00:00Z",
    Type: "AWS-HMAC",
    AccessKeyId: expect.stringMatching(/^ASIA[A-Z2-7]{16}$/),
    SecretAccessKey: expect.stringMatching(/^\w{40}$/),
    Token: expect.stringMatching(/^\w{120}$/),
    Expiration: "2026-01-01T06:00:00Z",
  });
});

test("has nothing about a role on an instance without a profile", async () => {
  const aws = new InProcessAws();
  const instance = await TestInstance.launch(aws);
  expect(instance.read("iam/info")?.status).toBe(404);
  expect(instance.read("iam/security-credentials/")?.status).toBe(404);
  expect(instance.read("")?.body.split("\n")).not.toContain("iam/");
});

test("keeps credentials until five minutes before their end, and the old ones are good until then", async () => {
  const { aws, instance } = await onInstance();
  const first = instance.key();
  aws.nowMs += 6 * hourMs - 300_001;
  expect(instance.key()).toEqual(first);
  aws.nowMs += 1;
  const second = instance.key();
  expect(second.accessKeyId).not.toBe(first.accessKeyId);
  must(await aws.sts("GetCallerIdentity", {}, first));
  aws.nowMs += 300_000;
  expect((await aws.sts("GetCallerIdentity", {}, first)).code).toBe("ExpiredToken");
  must(await aws.sts("GetCallerIdentity", {}, second));
});

test("gives another profile's credentials as soon as the instance has it", async () => {
  const { aws, instance } = await onInstance();
  await aws.profileWithRole("other");
  const before = instance.key();
  const params = { AssociationId: await associationId(aws), "IamInstanceProfile.Name": "other" };
  must(await aws.ec2("ReplaceIamInstanceProfileAssociation", params));
  expect(instance.read("iam/security-credentials/")?.body).toBe("other");
  expect(instance.key()).not.toEqual(before);
  must(await aws.ec2("DisassociateIamInstanceProfile", { AssociationId: await associationId(aws) }));
  expect(instance.read("iam/security-credentials/")?.status).toBe(404);
  must(await aws.sts("GetCallerIdentity", {}, before));
});

test("notices within an hour, not at once, that another role sits in the profile", async () => {
  const { aws, instance } = await onInstance();
  instance.key();
  await aws.role("stronger");
  const profile = { InstanceProfileName: "app" };
  must(await aws.iam("RemoveRoleFromInstanceProfile", { ...profile, RoleName: "app" }));
  must(await aws.iam("AddRoleToInstanceProfile", { ...profile, RoleName: "stronger" }));
  aws.nowMs += hourMs - 1;
  expect(instance.read("iam/security-credentials/")?.body).toBe("app");
  aws.nowMs += 1;
  expect(instance.read("iam/security-credentials/")?.body).toBe("stronger");
});

test("says what is wrong with the profile when the credentials are to be renewed", async () => {
  const { aws, instance } = await onInstance();
  instance.key();
  must(await aws.iam("RemoveRoleFromInstanceProfile", { InstanceProfileName: "app", RoleName: "app" }));
  must(await aws.iam("DeleteInstanceProfile", { InstanceProfileName: "app" }));
  expect(instance.credentials()["Code"]).toBe("Success");
  aws.nowMs += 6 * hourMs;
  expect(JSON.parse(instance.read("iam/info")?.body ?? "")).toMatchObject({ Code: "InstanceProfileNotFound" });
  expect(instance.read("iam/security-credentials/")?.status).toBe(404);
});

test("says that EC2 may not assume the role", async () => {
  const aws = new InProcessAws();
  await aws.role("app", {
    AssumeRolePolicyDocument: policy({
      Effect: "Allow",
      Principal: { Service: "lambda.amazonaws.com" },
      Action: "sts:AssumeRole",
    }),
  });
  must(await aws.iam("CreateInstanceProfile", { InstanceProfileName: "app" }));
  must(await aws.iam("AddRoleToInstanceProfile", { InstanceProfileName: "app", RoleName: "app" }));
  const instance = await TestInstance.launch(aws, "app");
  expect(instance.credentials()).toMatchObject({ Code: "AssumeRoleUnauthorizedAccess" });
});

test("is silent while the instance does not run", async () => {
  const { aws, instance } = await onInstance();
  const key = instance.key();
  must(await aws.ec2("StopInstances", { "InstanceId.1": instance.id }));
  expect(instance.request("PUT", tokenPath, { [ttl]: "60" })).toBeUndefined();
  must(await aws.ec2("StartInstances", { "InstanceId.1": instance.id }));
  expect(instance.key()).toEqual(key);
  must(await aws.ec2("TerminateInstances", { "InstanceId.1": instance.id }));
  expect(instance.request("PUT", tokenPath, { [ttl]: "60" })).toBeUndefined();
});
