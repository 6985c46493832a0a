import {
  CreatePolicyCommand,
  CreateRoleCommand,
  DeleteRoleCommand,
  GetAccountSummaryCommand,
  GetRoleCommand,
  ListRolesCommand,
  ListRoleTagsCommand,
  TagRoleCommand,
  UntagRoleCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateRoleCommand,
} from "@aws-sdk/client-iam";
import { expect } from "vitest";
import { type Bench, type Case, decoded, ec2Trust, policy, refusal, s3ReadOnly } from "./harness.ts";

const statement = { Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" };

async function refuseTrustPolicy(bench: Bench, document: string): Promise<{ code: string; message: string }> {
  const RoleName = bench.roleName();
  return await refusal(bench.iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: document })));
}

/** Trust policies that IAM refuses, with its words. */
const refusedTrustPolicies: readonly (readonly [fault: string, document: string, message: string])[] = [
  ["is not JSON", "{", "This policy contains invalid Json"],
  ["names a resource", policy({ ...statement, Resource: "*" }), "Has prohibited field Resource"],
  ["has no principal", policy({ Effect: "Allow", Action: "sts:AssumeRole" }), "Missing required field Principal"],
  [
    "names a service that is not there",
    policy({ ...statement, Principal: { Service: "ec3.amazonaws.com" } }),
    'Invalid principal in policy: "SERVICE":"ec3.amazonaws.com"',
  ],
  [
    "allows another service's action",
    policy({ ...statement, Action: "s3:GetObject" }),
    "AssumeRole policy may only specify STS AssumeRole actions.",
  ],
];

export const roleCases: readonly Case[] = [
  {
    test: "gives a role back as it was made",
    async run(bench) {
      const RoleName = bench.roleName();
      const created = await bench.iam.send(
        new CreateRoleCommand({
          RoleName,
          Path: bench.path,
          AssumeRolePolicyDocument: ec2Trust,
          Description: "for the contract",
          MaxSessionDuration: 7_200,
          Tags: [{ Key: "team", Value: "a b+c=d" }],
        }),
      );
      const { Role } = await bench.iam.send(new GetRoleCommand({ RoleName }));
      expect(Role).toMatchObject({
        RoleName,
        Path: bench.path,
        Description: "for the contract",
        MaxSessionDuration: 7_200,
        Tags: [{ Key: "team", Value: "a b+c=d" }],
        RoleId: created.Role?.RoleId,
      });
      expect(Role?.Arn).toMatch(new RegExp(`^arn:${bench.partition}:iam::\\d{12}:role${bench.path}${RoleName}$`));
      expect(Role?.RoleId).toMatch(/^AROA[A-Z2-7]{17}$/);
      expect(Role?.CreateDate).toBeInstanceOf(Date);
      expect(decoded(Role?.AssumeRolePolicyDocument)).toEqual(JSON.parse(ec2Trust));
    },
  },
  {
    test: "gives a role made anew under the same name another id",
    async run(bench) {
      const first = await bench.role();
      await bench.iam.send(new DeleteRoleCommand({ RoleName: first.RoleName }));
      const again = await bench.iam.send(
        new CreateRoleCommand({ RoleName: first.RoleName, AssumeRolePolicyDocument: ec2Trust }),
      );
      expect(again.Role?.RoleId).not.toBe(first.RoleId);
    },
  },
  {
    test: "cannot find a role that is not there",
    async run(bench) {
      const RoleName = bench.roleName();
      for (const call of [
        () => bench.iam.send(new GetRoleCommand({ RoleName })),
        () => bench.iam.send(new DeleteRoleCommand({ RoleName })),
        () => bench.iam.send(new UpdateRoleCommand({ RoleName, MaxSessionDuration: 3_600 })),
        () => bench.iam.send(new TagRoleCommand({ RoleName, Tags: [{ Key: "a", Value: "b" }] })),
      ]) {
        expect(await refusal(call())).toMatchObject({ code: "NoSuchEntity", status: 404 });
      }
    },
  },
  {
    test: "says which role cannot be found",
    async run(bench) {
      const RoleName = bench.roleName();
      const { message } = await refusal(bench.iam.send(new GetRoleCommand({ RoleName })));
      expect(message).toBe(`The role with name ${RoleName} cannot be found.`);
    },
  },
  {
    test: "refuses a role whose name is taken",
    async run(bench) {
      const { RoleName } = await bench.role();
      expect(
        await refusal(bench.iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: ec2Trust }))),
      ).toEqual({ code: "EntityAlreadyExists", status: 409, message: `Role with name ${RoleName} already exists.` });
    },
  },
  {
    test: "refuses a role whose name differs from another's only in case",
    async run(bench) {
      const { RoleName } = await bench.role();
      const error = await refusal(
        bench.iam.send(new CreateRoleCommand({ RoleName: RoleName.toLowerCase(), AssumeRolePolicyDocument: ec2Trust })),
      );
      expect(error).toMatchObject({ code: "EntityAlreadyExists", status: 409 });
    },
  },
  {
    test: "refuses a role name of more than 64 characters",
    async run(bench) {
      const RoleName = bench.roleName().padEnd(65, "r");
      const error = await refusal(
        bench.iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: ec2Trust })),
      );
      expect(error).toMatchObject({ code: "ValidationError", status: 400 });
      expect(error.message).toMatch(/at 'roleName' failed to satisfy constraint: Member must have length less than or/);
    },
  },
  ...refusedTrustPolicies.map(
    ([fault, document, message]): Case => ({
      test: `refuses a trust policy that ${fault}`,
      async run(bench) {
        expect(await refuseTrustPolicy(bench, document)).toMatchObject({ code: "MalformedPolicyDocument", message });
      },
    }),
  ),
  {
    test: "refuses a trust policy that names a role that is not there",
    async run(bench) {
      const { Arn } = await bench.role();
      const document = policy({ ...statement, Principal: { AWS: `${Arn}-gone` } });
      expect(await refuseTrustPolicy(bench, document)).toMatchObject({
        code: "MalformedPolicyDocument",
        message: `Invalid principal in policy: "AWS":"${Arn}-gone"`,
      });
    },
  },
  {
    test: "refuses a trust policy of more characters than the quota",
    async run(bench) {
      const { SummaryMap } = await bench.iam.send(new GetAccountSummaryCommand({}));
      const quota = SummaryMap?.AssumeRolePolicySizeQuota ?? 2_048;
      const values = Array.from({ length: Math.ceil(quota / 34) }, (_, i) => `o-${String(i).padStart(32, "0")}`);
      const document = policy({ ...statement, Condition: { StringEquals: { "aws:PrincipalOrgID": values } } });
      expect(await refuseTrustPolicy(bench, document)).toMatchObject({
        code: "LimitExceeded",
        status: 409,
        message: `Cannot exceed quota for ACLSizePerRole: ${quota}`,
      });
    },
  },
  {
    test: "shows a principal given as an account id as the account's root",
    async run(bench) {
      const { Arn, RoleName } = await bench.role();
      const accountId = Arn.split(":")[4];
      await bench.iam.send(
        new UpdateAssumeRolePolicyCommand({
          RoleName,
          PolicyDocument: policy({ ...statement, Principal: { AWS: accountId } }),
        }),
      );
      const { Role } = await bench.iam.send(new GetRoleCommand({ RoleName }));
      expect(decoded(Role?.AssumeRolePolicyDocument)).toMatchObject({
        Statement: [{ Principal: { AWS: `arn:${bench.partition}:iam::${accountId}:root` } }],
      });
    },
  },
  {
    test: "shows a deleted principal as its unique id, even when a namesake is made",
    async run(bench) {
      const trusted = await bench.role();
      const { RoleName } = await bench.role();
      await bench.iam.send(
        new UpdateAssumeRolePolicyCommand({
          RoleName,
          PolicyDocument: policy({ ...statement, Principal: { AWS: trusted.Arn } }),
        }),
      );
      const principal = async (): Promise<unknown> => {
        const { Role } = await bench.iam.send(new GetRoleCommand({ RoleName }));
        return decoded(Role?.AssumeRolePolicyDocument);
      };
      expect(await principal()).toMatchObject({ Statement: [{ Principal: { AWS: trusted.Arn } }] });
      await bench.iam.send(new DeleteRoleCommand({ RoleName: trusted.RoleName }));
      await bench.iam.send(new CreateRoleCommand({ RoleName: trusted.RoleName, AssumeRolePolicyDocument: ec2Trust }));
      expect(await principal()).toMatchObject({ Statement: [{ Principal: { AWS: trusted.RoleId } }] });
    },
  },
  {
    test: "sets the session duration back to an hour when UpdateRole does not name one",
    async run(bench) {
      const { RoleName } = await bench.role();
      await bench.iam.send(new UpdateRoleCommand({ RoleName, Description: "one", MaxSessionDuration: 7_200 }));
      await bench.iam.send(new UpdateRoleCommand({ RoleName, Description: "two" }));
      const { Role } = await bench.iam.send(new GetRoleCommand({ RoleName }));
      expect(Role).toMatchObject({ Description: "two", MaxSessionDuration: 3_600 });
    },
  },
  {
    test: "lists roles under a path, in pages, without boundary and tags",
    async run(bench) {
      const arn = bench.ownsPolicy(
        (await bench.iam.send(new CreatePolicyCommand({ PolicyName: bench.policyName(), PolicyDocument: s3ReadOnly })))
          .Policy?.Arn,
      );
      const names = [bench.roleName(), bench.roleName(), bench.roleName()];
      for (const RoleName of names) {
        await bench.iam.send(
          new CreateRoleCommand({
            RoleName,
            Path: bench.path,
            AssumeRolePolicyDocument: ec2Trust,
            Description: "listed",
            PermissionsBoundary: arn,
            Tags: [{ Key: "a", Value: "b" }],
          }),
        );
      }
      const first = await bench.iam.send(new ListRolesCommand({ PathPrefix: bench.path, MaxItems: 2 }));
      expect(first.IsTruncated).toBe(true);
      const second = await bench.iam.send(
        new ListRolesCommand({ PathPrefix: bench.path, MaxItems: 2, Marker: first.Marker }),
      );
      expect(second.IsTruncated).toBe(false);
      const listed = [...(first.Roles ?? []), ...(second.Roles ?? [])];
      expect(listed.map((role) => role.RoleName).sort()).toEqual(names.toSorted());
      for (const role of listed) {
        expect(role).toMatchObject({ Description: "listed", MaxSessionDuration: 3_600 });
        expect(role.Tags).toBeUndefined();
        expect(role.PermissionsBoundary).toBeUndefined();
        expect(decoded(role.AssumeRolePolicyDocument)).toEqual(JSON.parse(ec2Trust));
      }
    },
  },
  {
    test: "encodes trust policies in listings",
    async run(bench) {
      const RoleName = bench.roleName();
      await bench.iam.send(new CreateRoleCommand({ RoleName, Path: bench.path, AssumeRolePolicyDocument: ec2Trust }));
      const { Roles } = await bench.iam.send(new ListRolesCommand({ PathPrefix: bench.path }));
      expect(Roles?.[0]?.AssumeRolePolicyDocument).toMatch(/^%7B%22/);
    },
  },
  {
    test: "sets, replaces and removes tags of a role",
    async run(bench) {
      const { RoleName } = await bench.role();
      await bench.iam.send(
        new TagRoleCommand({
          RoleName,
          Tags: [
            { Key: "team", Value: "one" },
            { Key: "env", Value: "" },
          ],
        }),
      );
      await bench.iam.send(new TagRoleCommand({ RoleName, Tags: [{ Key: "team", Value: "two" }] }));
      await bench.iam.send(new UntagRoleCommand({ RoleName, TagKeys: ["env", "never-there"] }));
      const { Tags } = await bench.iam.send(new ListRoleTagsCommand({ RoleName }));
      expect(Tags).toEqual([{ Key: "team", Value: "two" }]);
    },
  },
  {
    test: "refuses a 51st tag",
    async run(bench) {
      const { RoleName } = await bench.role();
      const tags = (count: number, prefix: string) =>
        Array.from({ length: count }, (_, i) => ({ Key: `${prefix}${i}`, Value: "v" }));
      await bench.iam.send(new TagRoleCommand({ RoleName, Tags: tags(50 - bench.ownTags, "a") }));
      expect(await refusal(bench.iam.send(new TagRoleCommand({ RoleName, Tags: tags(1, "b") })))).toMatchObject({
        code: "LimitExceeded",
        status: 409,
      });
    },
  },
];
