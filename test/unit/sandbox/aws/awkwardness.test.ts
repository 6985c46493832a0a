import { describe, expect, test } from "vitest";
import { decoded, InProcessAws, must, policy, s3ReadOnly } from "./in-process.ts";

const statement = { Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" };

describe("delayed visibility", () => {
  const awkwardness = { visibilityDelayMs: 1_000 };

  test("hides a new role from reads and lists, and not from writes", async () => {
    const aws = new InProcessAws({ awkwardness });
    await aws.role("app");
    expect(await aws.iam("GetRole", { RoleName: "app" })).toMatchObject({ code: "NoSuchEntity" });
    expect((await aws.iam("ListRoles")).result.Roles).toBe("");
    must(await aws.iam("PutRolePolicy", { RoleName: "app", PolicyName: "p", PolicyDocument: s3ReadOnly }));
    aws.nowMs += 1_000;
    must(await aws.iam("GetRole", { RoleName: "app" }));
  });

  test("shows the old state of a changed role, and a deleted role, for as long as it lasts", async () => {
    const aws = new InProcessAws({ awkwardness });
    await aws.role("app", { Description: "old" });
    aws.nowMs += 1_000;
    must(await aws.iam("UpdateRole", { RoleName: "app", Description: "new" }));
    const description = async () => (await aws.iam("GetRole", { RoleName: "app" })).result?.Role.Description;
    expect(await description()).toBe("old");
    aws.nowMs += 1_000;
    expect(await description()).toBe("new");
    must(await aws.iam("DeleteRole", { RoleName: "app" }));
    expect(await description()).toBe("new");
    aws.nowMs += 1_000;
    expect(await description()).toBeUndefined();
  });

  test("keeps names unique at once", async () => {
    const aws = new InProcessAws({ awkwardness });
    await aws.role("app");
    expect(await aws.role("app").catch((error: Error) => error.message)).toMatch(/^EntityAlreadyExists/);
  });

  test("keeps a new profile and a new role in it from EC2", async () => {
    const aws = new InProcessAws({ awkwardness });
    const run = () =>
      aws.ec2("RunInstances", {
        ImageId: "ami-12345678",
        MinCount: "1",
        MaxCount: "1",
        DryRun: "true",
        "IamInstanceProfile.Name": "app",
      });
    await aws.role("app");
    must(await aws.iam("CreateInstanceProfile", { InstanceProfileName: "app" }));
    expect((await run()).message).toMatch(/Invalid IAM Instance Profile name$/);
    aws.nowMs += 1_000;
    must(await aws.iam("AddRoleToInstanceProfile", { InstanceProfileName: "app", RoleName: "app" }));
    expect((await run()).message).toMatch(/has no associated IAM Roles$/);
    aws.nowMs += 1_000;
    expect((await run()).code).toBe("DryRunOperation");
  });

  test("draws a delay for each write when it is a range", async () => {
    const aws = new InProcessAws({ awkwardness: { visibilityDelayMs: { min: 100, max: 1_000 } } });
    const delays: number[] = [];
    for (let count = 0; count < 10; count += 1) {
      await aws.role(`app-${count}`);
      const start = aws.nowMs;
      while ((await aws.iam("GetRole", { RoleName: `app-${count}` })).code !== undefined) {
        aws.nowMs += 50;
      }
      delays.push(aws.nowMs - start);
    }
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(100);
    expect(Math.max(...delays)).toBeLessThanOrEqual(1_000);
    expect(new Set(delays).size).toBeGreaterThan(3);
  });
});

describe("stale writes", () => {
  const awkwardness = { visibilityDelayMs: 1_000, staleWrites: true };

  test("cannot find a role that was made just before", async () => {
    const aws = new InProcessAws({ awkwardness });
    await aws.role("app");
    const put = () => aws.iam("PutRolePolicy", { RoleName: "app", PolicyName: "p", PolicyDocument: s3ReadOnly });
    expect(await put()).toMatchObject({ code: "NoSuchEntity", message: "The role with name app cannot be found." });
    aws.nowMs += 1_000;
    must(await put());
  });

  test("refuse to delete a role whose policy was deleted just before", async () => {
    const aws = new InProcessAws({ awkwardness });
    await aws.role("app");
    aws.nowMs += 1_000;
    must(await aws.iam("PutRolePolicy", { RoleName: "app", PolicyName: "p", PolicyDocument: s3ReadOnly }));
    aws.nowMs += 1_000;
    must(await aws.iam("DeleteRolePolicy", { RoleName: "app", PolicyName: "p" }));
    expect(await aws.iam("DeleteRole", { RoleName: "app" })).toMatchObject({ code: "DeleteConflict" });
    aws.nowMs += 1_000;
    must(await aws.iam("DeleteRole", { RoleName: "app" }));
  });

  test("refuse a trust policy that names a role made just before", async () => {
    const aws = new InProcessAws({ awkwardness });
    const { result } = await aws.role("trusted");
    const document = policy({ ...statement, Principal: { AWS: result.Role.Arn } });
    const create = () => aws.iam("CreateRole", { RoleName: "app", AssumeRolePolicyDocument: document });
    expect(await create()).toMatchObject({
      code: "MalformedPolicyDocument",
      message: expect.stringMatching(/^Invalid principal in policy/),
    });
    aws.nowMs += 1_000;
    must(await create());
  });
});

describe("trust policies", () => {
  async function trustOf(aws: InProcessAws): Promise<unknown> {
    return decoded((await aws.iam("GetRole", { RoleName: "app" })).result.Role.AssumeRolePolicyDocument);
  }

  test("come back with their principals in another order from call to call", async () => {
    const services = ["ec2.amazonaws.com", "ssm.amazonaws.com", "ecs.amazonaws.com"];
    const aws = new InProcessAws({ awkwardness: { shufflePrincipals: true } });
    await aws.role("app", { AssumeRolePolicyDocument: policy({ ...statement, Principal: { Service: services } }) });
    const seen = new Set<string>();
    for (let call = 0; call < 20; call += 1) {
      const document = await trustOf(aws);
      expect(document).toMatchObject({ Statement: [{ Principal: { Service: expect.arrayContaining(services) } }] });
      seen.add(JSON.stringify(document));
    }
    expect(seen.size).toBeGreaterThan(1);
  });

  test("come back with their keys in another order from call to call, and mean the same", async () => {
    const aws = new InProcessAws({ awkwardness: { shuffleKeys: true } });
    const condition = { StringEquals: { "aws:a": "1", "aws:b": "2", "aws:c": "3" } };
    await aws.role("app", { AssumeRolePolicyDocument: policy({ ...statement, Condition: condition }) });
    const seen = new Set<string>();
    for (let call = 0; call < 10; call += 1) {
      const document = await trustOf(aws);
      expect(document).toEqual({ Version: "2012-10-17", Statement: [{ ...statement, Condition: condition }] });
      seen.add(JSON.stringify(document));
    }
    expect(seen.size).toBeGreaterThan(1);
  });

  test("come back with lists of one as that one", async () => {
    const aws = new InProcessAws({ awkwardness: { collapseSingletons: true } });
    const given = {
      Effect: "Allow",
      Principal: { Service: ["ec2.amazonaws.com"], AWS: ["*"] },
      Action: ["sts:AssumeRole"],
      Condition: { StringEquals: { "aws:PrincipalOrgID": ["o-1"], "sts:ExternalId": ["a", "b"] } },
    };
    await aws.role("app", { AssumeRolePolicyDocument: policy(given) });
    expect(await trustOf(aws)).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { Service: "ec2.amazonaws.com", AWS: "*" },
          Action: "sts:AssumeRole",
          Condition: { StringEquals: { "aws:PrincipalOrgID": "o-1", "sts:ExternalId": ["a", "b"] } },
        },
      ],
    });
  });

  test("come back with the version that their absence meant", async () => {
    const aws = new InProcessAws({ awkwardness: { fillVersion: true } });
    await aws.role("app", { AssumeRolePolicyDocument: JSON.stringify({ Statement: [statement] }) });
    expect(await trustOf(aws)).toEqual({ Version: "2008-10-17", Statement: [statement] });
  });

  test("are left alone when nothing is switched on", async () => {
    const aws = new InProcessAws();
    const document = { Statement: [{ ...statement, Principal: { Service: ["ec2.amazonaws.com"] } }] };
    await aws.role("app", { AssumeRolePolicyDocument: JSON.stringify(document) });
    expect(await trustOf(aws)).toEqual(document);
  });
});

describe("throttling", () => {
  test("refuses calls beyond the burst until the bucket refills, reads and writes apart", async () => {
    const aws = new InProcessAws({ awkwardness: { throttle: { ratePerSecond: 2, burst: 3 } } });
    for (let call = 0; call < 3; call += 1) {
      must(await aws.iam("ListRoles"));
    }
    expect(await aws.iam("ListRoles")).toMatchObject({ status: 400, code: "Throttling", message: "Rate exceeded" });
    await aws.role("app");
    aws.nowMs += 500;
    must(await aws.iam("ListRoles"));
    expect((await aws.iam("ListRoles")).code).toBe("Throttling");
  });

  test("saves up no more than the burst", async () => {
    const aws = new InProcessAws({ awkwardness: { throttle: { ratePerSecond: 1, burst: 2 } } });
    must(await aws.iam("ListRoles"));
    aws.nowMs += 3_600_000;
    must(await aws.iam("ListRoles"));
    must(await aws.iam("ListRoles"));
    expect((await aws.iam("ListRoles")).code).toBe("Throttling");
  });

  test("has EC2's own code there", async () => {
    const aws = new InProcessAws({ awkwardness: { throttle: { ratePerSecond: 1, burst: 1 } } });
    must(await aws.ec2("DescribeInstances"));
    expect(await aws.ec2("DescribeInstances")).toMatchObject({ status: 503, code: "RequestLimitExceeded" });
  });
});

test("shuffles lists inside answers when lists are shuffled", async () => {
  const aws = new InProcessAws({ awkwardness: { shuffleLists: true } });
  const tags = ["a", "b", "c", "d"].flatMap((key, i) => [
    [`Tags.member.${i + 1}.Key`, key],
    [`Tags.member.${i + 1}.Value`, key],
  ]);
  await aws.role("app", Object.fromEntries(tags));
  const seen = new Set<string>();
  for (let call = 0; call < 10; call += 1) {
    const shown: { Key: string }[] = (await aws.iam("GetRole", { RoleName: "app" })).result.Role.Tags.member;
    expect(shown.map((tag) => tag.Key).toSorted()).toEqual(["a", "b", "c", "d"]);
    seen.add(shown.map((tag) => tag.Key).join());
  }
  expect(seen.size).toBeGreaterThan(1);
});

test("fails every n-th write without carrying it out, and no read", async () => {
  const aws = new InProcessAws({ awkwardness: { failEveryNthWrite: { n: 3, code: "ConcurrentModification" } } });
  await aws.role("a");
  await aws.role("b");
  must(await aws.iam("ListRoles"));
  const failed = await aws.iam("DeleteRole", { RoleName: "a" });
  expect(failed).toMatchObject({ status: 409, code: "ConcurrentModification" });
  must(await aws.iam("GetRole", { RoleName: "a" }));
  must(await aws.iam("DeleteRole", { RoleName: "a" }));
});

test("shows the id of a new role where its ARN belongs, for as long as that lasts", async () => {
  const aws = new InProcessAws({ awkwardness: { idAsArnMs: 1_000 } });
  const { result } = await aws.role("app");
  expect(result.Role.Arn).toBe(result.Role.RoleId);
  aws.nowMs += 1_000;
  const later = await aws.iam("GetRole", { RoleName: "app" });
  expect(later.result.Role.Arn).toBe("arn:aws:iam::123456789012:role/app");
});

test("gives the same answers for the same seed and calls", async () => {
  const answers = async () => {
    const aws = new InProcessAws({
      seed: 7,
      awkwardness: { shuffleLists: true, smallPages: true, visibilityDelayMs: { min: 0, max: 10 } },
    });
    for (const name of ["a", "b", "c", "d"]) {
      await aws.role(name);
      aws.nowMs += 5;
    }
    return [await aws.iam("ListRoles"), await aws.iam("GetAccountAuthorizationDetails", { "Filter.member.1": "Role" })];
  };
  expect(await answers()).toEqual(await answers());
});

test("can be turned on and off while it runs", async () => {
  const aws = new InProcessAws();
  await aws.role("app");
  aws.setAwkwardness({ visibilityDelayMs: 1_000 });
  must(await aws.iam("UpdateRole", { RoleName: "app", Description: "new" }));
  expect((await aws.iam("GetRole", { RoleName: "app" })).result.Role.Description).toBeUndefined();
  aws.setAwkwardness({});
  must(await aws.iam("UpdateRole", { RoleName: "app", Description: "newer" }));
  aws.nowMs += 1_000;
  expect((await aws.iam("GetRole", { RoleName: "app" })).result.Role.Description).toBe("newer");
});
