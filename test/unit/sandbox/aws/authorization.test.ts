import { expect, test } from "vitest";
import { InProcessAws, must, policy } from "./in-process.ts";

const user = "User: arn:aws:iam::123456789012:user/sandbox is not authorized to perform:";

test("refuses a denied action, whether or not the thing is there", async () => {
  const aws = new InProcessAws({ denyActions: ["iam:GetRole", "iam:ListRoles", "iam:DeleteInstanceProfile"] });
  expect(await aws.iam("GetRole", { RoleName: "app" })).toMatchObject({
    status: 403,
    code: "AccessDenied",
    message: `${user} iam:GetRole on resource: role app because no identity-based policy allows the iam:GetRole action`,
  });
  expect((await aws.iam("DeleteInstanceProfile", { InstanceProfileName: "p" })).message).toContain(
    "on resource: instance profile p because",
  );
  expect((await aws.iam("ListRoles")).message).toContain("on resource: arn:aws:iam::123456789012:role/ because");
});

test("takes wild cards, and changes while it runs", async () => {
  const aws = new InProcessAws({ denyActions: ["iam:*"] });
  expect((await aws.iam("ListRoles")).code).toBe("AccessDenied");
  aws.denyActions.clear();
  must(await aws.iam("ListRoles"));
  aws.denyActions.add("IAM:listroles");
  expect((await aws.iam("ListRoles")).code).toBe("AccessDenied");
});

test("asks for iam:TagRole when a role is made with tags", async () => {
  const aws = new InProcessAws({ denyActions: ["iam:TagRole"] });
  await aws.role("plain");
  const tags = { "Tags.member.1.Key": "a", "Tags.member.1.Value": "b" };
  await expect(aws.role("tagged", { Path: "/k8s/", ...tags })).rejects.toThrow(
    "iam:TagRole on resource: arn:aws:iam::123456789012:role/k8s/tagged because",
  );
  expect(aws.account.roles.latest("tagged")).toBeUndefined();
});

test("asks for iam:PassRole when a role is put where instances get it", async () => {
  const aws = new InProcessAws();
  await aws.profileWithRole("ready");
  await aws.role("app");
  must(await aws.iam("CreateInstanceProfile", { InstanceProfileName: "app" }));
  aws.denyActions.add("iam:PassRole");
  expect(await aws.iam("AddRoleToInstanceProfile", { InstanceProfileName: "app", RoleName: "app" })).toMatchObject({
    code: "AccessDenied",
    message: `${user} iam:PassRole on resource: arn:aws:iam::123456789012:role/app because no identity-based policy allows the iam:PassRole action`,
  });
  const launch = { ImageId: "ami-12345678", MinCount: "1", MaxCount: "1", "IamInstanceProfile.Name": "ready" };
  expect(await aws.ec2("RunInstances", launch)).toMatchObject({ status: 403, code: "UnauthorizedOperation" });
  must(await aws.iam("RemoveRoleFromInstanceProfile", { InstanceProfileName: "ready", RoleName: "ready" }));
});

test("always tells callers who they are", async () => {
  const aws = new InProcessAws({ denyActions: ["*"] });
  expect(must(await aws.sts("GetCallerIdentity")).result).toMatchObject({
    Account: "123456789012",
    Arn: "arn:aws:iam::123456789012:user/sandbox",
  });
});

test("lets a caller assume a role that trusts it, and knows the session afterwards", async () => {
  const aws = new InProcessAws();
  const trust = (Principal: object, Condition?: object): Record<string, string> => ({
    AssumeRolePolicyDocument: policy({ Effect: "Allow", Principal, Action: "sts:AssumeRole", Condition }),
  });
  const external = { StringEquals: { "sts:ExternalId": "secret" } };
  await aws.role("closed");
  await aws.role("open", trust({ AWS: "123456789012" }));
  await aws.role("named", trust({ AWS: "arn:aws:iam::123456789012:user/sandbox" }));
  await aws.role("guarded", trust({ AWS: "123456789012" }, external));
  const assume = (name: string, more: Record<string, string> = {}) =>
    aws.sts("AssumeRole", {
      RoleArn: `arn:aws:iam::123456789012:role/${name}`,
      RoleSessionName: "session",
      ...more,
    });
  expect(await assume("closed")).toMatchObject({ status: 403, code: "AccessDenied" });
  expect(await assume("missing")).toMatchObject({ status: 403, code: "AccessDenied" });
  expect((await assume("guarded")).code).toBe("AccessDenied");
  expect((await assume("guarded", { ExternalId: "wrong" })).code).toBe("AccessDenied");
  must(await assume("guarded", { ExternalId: "secret" }));
  must(await assume("named"));
  const { result } = must(await assume("open"));
  const { AccessKeyId: accessKeyId, SessionToken: token } = result.Credentials;
  const identity = await aws.sts("GetCallerIdentity", {}, { accessKeyId, token });
  expect(identity.result.Arn).toBe("arn:aws:sts::123456789012:assumed-role/open/session");
  expect((await assume("open", { DurationSeconds: "7200" })).code).toBe("ValidationError");
});
