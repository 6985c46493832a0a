import { describe, expect, test } from "vitest";
import { decoded, ec2Trust, InProcessAws, must, policy } from "./in-process.ts";

const statement = { Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" };

async function answerTo(document: string) {
  const aws = new InProcessAws();
  return await aws.iam("CreateRole", { RoleName: "app", AssumeRolePolicyDocument: document });
}

describe("refuses", () => {
  test.each([
    ["text that is not JSON", "{", "This policy contains invalid Json"],
    ["a list", "[]", "This policy contains invalid Json"],
    ["no statement", "{}", "Could not parse the policy: Statement is empty!"],
    ["an empty list of statements", policy(), "Could not parse the policy: Statement is empty!"],
    [
      "another version",
      JSON.stringify({ Version: "2020-01-01", Statement: [statement] }),
      "The policy must contain a valid version string",
    ],
    ["no effect", policy({ ...statement, Effect: undefined }), "Missing required field Effect"],
    ["another effect", policy({ ...statement, Effect: "allow" }), "Invalid effect: allow"],
    ["no principal", policy({ ...statement, Principal: undefined }), "Missing required field Principal"],
    [
      "an empty principal",
      policy({ ...statement, Principal: {} }),
      "Missing required field Principal cannot be empty!",
    ],
    ["a principal that is a list", policy({ ...statement, Principal: ["*"] }), "Invalid principal in policy"],
    ["NotPrincipal", policy({ ...statement, NotPrincipal: { AWS: "*" } }), "Allow with NotPrincipal is not allowed."],
    ["no action", policy({ ...statement, Action: undefined }), "Missing required field Action"],
    [
      "an action of another service",
      policy({ ...statement, Action: ["sts:AssumeRole", "s3:Get*"] }),
      "AssumeRole policy may only specify STS AssumeRole actions.",
    ],
    ["a resource", policy({ ...statement, Resource: "*" }), "Has prohibited field Resource"],
    ["NotResource", policy({ ...statement, NotResource: "*" }), "AssumeRole policy must not contain resources."],
    ["an unknown operator", policy({ ...statement, Condition: { Same: { a: "b" } } }), "Invalid Condition type : Same"],
    [
      "a Sid used twice",
      policy({ ...statement, Sid: "a" }, { ...statement, Sid: "a" }),
      "The Statement Ids in the policy are not unique",
    ],
    [
      "an unknown service",
      policy({ ...statement, Principal: { Service: "ec3.amazonaws.com" } }),
      'Invalid principal in policy: "SERVICE":"ec3.amazonaws.com"',
    ],
    [
      "another kind of principal",
      policy({ ...statement, Principal: { Team: "a" } }),
      'Invalid principal in policy: "Team"',
    ],
    [
      "a role that is not there",
      policy({ ...statement, Principal: { AWS: "arn:aws:iam::123456789012:role/none" } }),
      'Invalid principal in policy: "AWS":"arn:aws:iam::123456789012:role/none"',
    ],
    [
      "an id that nobody has",
      policy({ ...statement, Principal: { AWS: "AROAAAAAAAAAAAAAAAAAA" } }),
      'Invalid principal in policy: "AWS":"AROAAAAAAAAAAAAAAAAAA"',
    ],
    [
      "wild cards in a role's ARN",
      policy({ ...statement, Principal: { AWS: "arn:aws:iam::999999999999:role/*" } }),
      'Invalid principal in policy: "AWS":"arn:aws:iam::999999999999:role/*"',
    ],
    [
      "an account in another partition",
      policy({ ...statement, Principal: { AWS: "arn:aws-cn:iam::999999999999:root" } }),
      'Invalid principal in policy: "AWS":"arn:aws-cn:iam::999999999999:root"',
    ],
  ])("%s", async (_name, document, message) => {
    expect(await answerTo(document)).toMatchObject({ status: 400, code: "MalformedPolicyDocument", message });
  });
});

describe("accepts", () => {
  test.each([
    ["services in their regional form", { Service: ["ec2.amazonaws.com", "logs.eu-west-1.amazonaws.com"] }],
    ["everyone", { AWS: "*" }],
    ["another account's role, which it cannot know", { AWS: "arn:aws:iam::999999999999:role/path/x" }],
    [
      "an identity provider",
      { Federated: "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/A" },
    ],
    ["a session of a role", { AWS: "arn:aws:sts::999999999999:assumed-role/x/session" }],
  ])("%s", async (_name, Principal) => {
    expect((await answerTo(policy({ ...statement, Principal }))).code).toBeUndefined();
  });
});

async function trustOf(aws: InProcessAws, RoleName: string): Promise<unknown> {
  const { result } = must(await aws.iam("GetRole", { RoleName }));
  return decoded(result.Role.AssumeRolePolicyDocument);
}

test("comes back as it went in, on one line", async () => {
  const aws = new InProcessAws();
  await aws.role("app", { AssumeRolePolicyDocument: JSON.stringify(JSON.parse(ec2Trust), null, 2) });
  const { result } = await aws.iam("GetRole", { RoleName: "app" });
  expect(decodeURIComponent(result.Role.AssumeRolePolicyDocument)).toBe(ec2Trust);
});

test("turns an account id into the account's root, alone and in lists", async () => {
  const aws = new InProcessAws({ partition: "aws" });
  await aws.role("app", {
    AssumeRolePolicyDocument: policy({ ...statement, Principal: { AWS: ["999999999999", "*"] } }),
  });
  expect(await trustOf(aws, "app")).toMatchObject({
    Statement: [{ Principal: { AWS: ["arn:aws:iam::999999999999:root", "*"] } }],
  });
});

test("follows a trusted role by its id: deleted it shows the id, and a namesake does not take its place", async () => {
  const aws = new InProcessAws();
  const trusted = await aws.role("trusted");
  const { Arn, RoleId } = trusted.result.Role;
  await aws.role("app", { AssumeRolePolicyDocument: policy({ ...statement, Principal: { AWS: Arn } }) });
  expect(await trustOf(aws, "app")).toMatchObject({ Statement: [{ Principal: { AWS: Arn } }] });
  await aws.iam("DeleteRole", { RoleName: "trusted" });
  await aws.role("trusted");
  expect(await trustOf(aws, "app")).toMatchObject({ Statement: [{ Principal: { AWS: RoleId } }] });
  await aws.iam("UpdateAssumeRolePolicy", {
    RoleName: "app",
    PolicyDocument: policy({ ...statement, Principal: { AWS: Arn } }),
  });
  expect(await trustOf(aws, "app")).toMatchObject({ Statement: [{ Principal: { AWS: Arn } }] });
});

test("takes the ARN of whoever calls with the developer's keys, and no other user of the account", async () => {
  const aws = new InProcessAws();
  const Arn = "arn:aws:iam::123456789012:user/sandbox";
  await aws.role("app", { AssumeRolePolicyDocument: policy({ ...statement, Principal: { AWS: Arn } }) });
  expect(await trustOf(aws, "app")).toMatchObject({ Statement: [{ Principal: { AWS: Arn } }] });
  const other = policy({ ...statement, Principal: { AWS: `${Arn}-2` } });
  expect(await aws.iam("UpdateAssumeRolePolicy", { RoleName: "app", PolicyDocument: other })).toMatchObject({
    code: "MalformedPolicyDocument",
    message: `Invalid principal in policy: "AWS":"${Arn}-2"`,
  });
});
