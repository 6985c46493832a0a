import { describe, expect, test } from "vitest";
import { ec2Trust, InProcessAws, must, policy, s3ReadOnly } from "./in-process.ts";

describe("parameters", () => {
  const onlyNames = "It must contain only alphanumeric characters and/or the following: +=,.@_-";
  const constraint = "failed to satisfy constraint:";

  test.each([
    [{ RoleName: "a/b" }, `The specified value for roleName is invalid. ${onlyNames}`],
    [
      { RoleName: "r".repeat(65) },
      `1 validation error detected: Value '${"r".repeat(65)}' at 'roleName' ${constraint} Member must have length less than or equal to 64`,
    ],
    [
      { RoleName: "" },
      `1 validation error detected: Value '' at 'roleName' ${constraint} Member must have length greater than or equal to 1`,
    ],
    [
      { Path: "team" },
      "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.",
    ],
    [
      { Description: "d".repeat(1_001) },
      `1 validation error detected: Value at 'description' ${constraint} Member must have length less than or equal to 1000`,
    ],
    [
      { Description: "emoji 😀" },
      `1 validation error detected: Value at 'description' ${constraint} Member must satisfy regular expression pattern: [\\u0009\\u000A\\u000D\\u0020-\\u007E\\u00A1-\\u00FF]*`,
    ],
    [
      { MaxSessionDuration: "3599" },
      `1 validation error detected: Value '3599' at 'maxSessionDuration' ${constraint} Member must have value greater than or equal to 3600`,
    ],
    [
      { MaxSessionDuration: "43201" },
      `1 validation error detected: Value '43201' at 'maxSessionDuration' ${constraint} Member must have value less than or equal to 43200`,
    ],
    [
      { AssumeRolePolicyDocument: '{"a": "→"}' },
      "The specified value for assumeRolePolicyDocument is invalid. It must contain only printable ASCII characters.",
    ],
    [
      { "Tags.member.1.Key": "a*", "Tags.member.1.Value": "" },
      `1 validation error detected: Value at 'tags.1.member.key' ${constraint} Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+`,
    ],
    [
      { "Tags.member.1.Key": "a", "Tags.member.1.Value": "v".repeat(257) },
      `1 validation error detected: Value at 'tags.1.member.value' ${constraint} Member must have length less than or equal to 256`,
    ],
  ])("are checked: %o", async (params, message) => {
    const aws = new InProcessAws();
    const call = { RoleName: "app", AssumeRolePolicyDocument: ec2Trust, ...params };
    expect(await aws.iam("CreateRole", call)).toMatchObject({ status: 400, code: "ValidationError", message });
    expect(aws.account.roles.count()).toBe(0);
  });

  test("that must be there and are not", async () => {
    const message =
      "1 validation error detected: Value at 'roleName' failed to satisfy constraint: Member must not be null";
    expect(await new InProcessAws().iam("GetRole")).toMatchObject({ status: 400, code: "ValidationError", message });
  });
});

describe("tags", () => {
  const tags = (...keys: readonly string[]): Record<string, string> =>
    Object.fromEntries(
      keys.flatMap((key, i) => [
        [`Tags.member.${i + 1}.Key`, key],
        [`Tags.member.${i + 1}.Value`, key],
      ]),
    );

  test("with the same key in another case are duplicates in one call, and replace each other in two", async () => {
    const aws = new InProcessAws();
    await aws.role("app", tags("Team"));
    expect(await aws.iam("TagRole", { RoleName: "app", ...tags("env", "ENV") })).toMatchObject({
      code: "InvalidInput",
      message: "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    });
    must(await aws.iam("TagRole", { RoleName: "app", ...tags("team") }));
    expect((await aws.iam("ListRoleTags", { RoleName: "app" })).result.Tags.member).toEqual([
      { Key: "team", Value: "team" },
    ]);
  });

  test("of AWS's own prefix are refused", async () => {
    const aws = new InProcessAws();
    await aws.role("app");
    expect((await aws.iam("TagRole", { RoleName: "app", ...tags("aws:x") })).code).toBe("InvalidInput");
  });

  test("beyond 50 are a broken constraint in one call, and a quota over several", async () => {
    const aws = new InProcessAws();
    await aws.role("app");
    const keys = Array.from({ length: 51 }, (_, i) => `k${i}`);
    expect((await aws.iam("TagRole", { RoleName: "app", ...tags(...keys) })).code).toBe("ValidationError");
    must(await aws.iam("TagRole", { RoleName: "app", ...tags(...keys.slice(0, 50)) }));
    must(await aws.iam("TagRole", { RoleName: "app", ...tags("k0") }));
    expect(await aws.iam("TagRole", { RoleName: "app", ...tags("one-more") })).toMatchObject({
      status: 409,
      code: "LimitExceeded",
      message: "The number of tags has reached the maximum limit.",
    });
  });
});

describe("quotas", () => {
  test("are counted per account", async () => {
    const aws = new InProcessAws({ quotas: { roles: 1, instanceProfiles: 1 } });
    await aws.profileWithRole("app");
    const role = await aws.iam("CreateRole", { RoleName: "more", AssumeRolePolicyDocument: ec2Trust });
    expect(role).toMatchObject({
      status: 409,
      code: "LimitExceeded",
      message: "Cannot exceed quota for RolesPerAccount: 1",
    });
    expect(await aws.iam("CreateInstanceProfile", { InstanceProfileName: "more" })).toMatchObject({
      code: "LimitExceeded",
      message: "Cannot exceed quota for InstanceProfilesPerAccount: 1",
    });
  });

  test("are told by GetAccountSummary", async () => {
    const aws = new InProcessAws({ quotas: { attachedPoliciesPerRole: 20 } });
    await aws.role("app");
    const { result } = await aws.iam("GetAccountSummary");
    expect(result.SummaryMap.entry).toEqual(
      expect.arrayContaining([
        { key: "Roles", value: "1" },
        { key: "AttachedPoliciesPerRoleQuota", value: "20" },
        { key: "AssumeRolePolicySizeQuota", value: "2048" },
      ]),
    );
  });

  test("of a managed policy's size", async () => {
    const aws = new InProcessAws({ quotas: { managedPolicySize: 200 } });
    const long = policy({ Effect: "Allow", Action: "s3:*", Resource: `arn:aws:s3:::${"b".repeat(200)}` });
    expect(await aws.iam("CreatePolicy", { PolicyName: "p", PolicyDocument: long })).toMatchObject({
      code: "LimitExceeded",
      message: "Cannot exceed quota for PolicySize: 200",
    });
  });
});

describe("updates of a role", () => {
  test("without a duration set it to an hour, without a description leave it", async () => {
    const aws = new InProcessAws();
    await aws.role("app", { Description: "kept", MaxSessionDuration: "7200" });
    const role = async () => (await aws.iam("GetRole", { RoleName: "app" })).result.Role;
    must(await aws.iam("UpdateRole", { RoleName: "app", MaxSessionDuration: "9000" }));
    expect(await role()).toMatchObject({ Description: "kept", MaxSessionDuration: "9000" });
    must(await aws.iam("UpdateRole", { RoleName: "app", Description: "" }));
    expect(await role()).toMatchObject({ Description: "", MaxSessionDuration: "3600" });
  });

  test("are refused for a service-linked role", async () => {
    const aws = new InProcessAws();
    await aws.role("linked", { Path: "/aws-service-role/eks.amazonaws.com/" });
    for (const [action, params] of Object.entries({
      UpdateRole: {},
      DeleteRole: {},
      PutRolePolicy: { PolicyName: "p", PolicyDocument: s3ReadOnly },
    })) {
      expect(await aws.iam(action, { RoleName: "linked", ...params })).toMatchObject({
        status: 400,
        code: "UnmodifiableEntity",
      });
    }
  });
});

describe("managed policies", () => {
  test("of service-linked roles cannot be attached", async () => {
    const aws = new InProcessAws();
    await aws.role("app");
    const PolicyArn = "arn:aws:iam::aws:policy/aws-service-role/AmazonEKSServiceRolePolicy";
    expect(await aws.iam("AttachRolePolicy", { RoleName: "app", PolicyArn })).toMatchObject({
      status: 400,
      code: "PolicyNotAttachable",
    });
  });

  test("of AWS are listed by scope, read, and not changed", async () => {
    const aws = new InProcessAws();
    const PolicyArn = "arn:aws:iam::aws:policy/service-role/AmazonEC2RoleforSSM";
    const { result } = must(await aws.iam("GetPolicy", { PolicyArn }));
    expect(result.Policy).toMatchObject({ PolicyName: "AmazonEC2RoleforSSM", Path: "/service-role/" });
    expect((await aws.iam("DeletePolicy", { PolicyArn })).code).toBe("AccessDenied");
    must(await aws.iam("CreatePolicy", { PolicyName: "mine", PolicyDocument: s3ReadOnly }));
    const own = must(await aws.iam("ListPolicies", { Scope: "Local" }));
    expect(own.result.Policies.member).toMatchObject([{ PolicyName: "mine" }]);
    const all = must(await aws.iam("ListPolicies", { Scope: "AWS", MaxItems: "1000" }));
    expect(all.result.Policies.member.length).toBeGreaterThan(50);
  });

  test("stay while a role uses them", async () => {
    const aws = new InProcessAws();
    const { result } = must(await aws.iam("CreatePolicy", { PolicyName: "mine", PolicyDocument: s3ReadOnly }));
    const PolicyArn = result.Policy.Arn;
    await aws.role("bounded", { PermissionsBoundary: PolicyArn });
    expect((await aws.iam("DeletePolicy", { PolicyArn })).code).toBe("DeleteConflict");
    must(await aws.iam("DeleteRolePermissionsBoundary", { RoleName: "bounded" }));
    must(await aws.iam("DeletePolicy", { PolicyArn }));
  });

  test("attached are listed by path", async () => {
    const aws = new InProcessAws();
    await aws.role("app");
    const arns = ["arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/service-role/AWSLambdaRole"];
    for (const PolicyArn of arns) {
      must(await aws.iam("AttachRolePolicy", { RoleName: "app", PolicyArn }));
    }
    const listed = await aws.iam("ListAttachedRolePolicies", { RoleName: "app", PathPrefix: "/service-role/" });
    expect(listed.result.AttachedPolicies.member).toEqual([{ PolicyName: "AWSLambdaRole", PolicyArn: arns[1] }]);
  });

  test("named by something that is no policy ARN are bad input", async () => {
    const aws = new InProcessAws();
    await aws.role("app");
    const PolicyArn = "arn:aws:s3:::a-bucket-and-no-policy";
    expect((await aws.iam("AttachRolePolicy", { RoleName: "app", PolicyArn })).code).toBe("InvalidInput");
  });
});

test("finds roles and profiles by their name in any case", async () => {
  const aws = new InProcessAws();
  await aws.profileWithRole("App");
  expect((await aws.iam("GetRole", { RoleName: "app" })).result.Role.RoleName).toBe("App");
  expect((await aws.iam("CreateInstanceProfile", { InstanceProfileName: "APP" })).code).toBe("EntityAlreadyExists");
});

test("answers an operation that it does not have as the caller's mistake", async () => {
  expect(await new InProcessAws().iam("SimulatePrincipalPolicy")).toMatchObject({
    status: 400,
    code: "InvalidAction",
    message: "Could not find operation SimulatePrincipalPolicy for version 2010-05-08",
  });
});

test("lives in the partition it is told", async () => {
  const aws = new InProcessAws({ partition: "aws-cn" });
  const elsewhere = await aws.call("iam", "ListRoles", {}, { region: "us-east-1" });
  expect(elsewhere).toMatchObject({ status: 403, code: "SignatureDoesNotMatch" });
  const document = policy({
    Effect: "Allow",
    Principal: { Service: "ec2.amazonaws.com.cn" },
    Action: "sts:AssumeRole",
  });
  const params = { RoleName: "app", AssumeRolePolicyDocument: document };
  const { result } = must(await aws.call("iam", "CreateRole", params, { region: "cn-north-1" }));
  expect(result.Role.Arn).toBe("arn:aws-cn:iam::123456789012:role/app");
});
