import {
  AddRoleToInstanceProfileCommand,
  AttachRolePolicyCommand,
  CreateInstanceProfileCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  GetAccountAuthorizationDetailsCommand,
  GetAccountSummaryCommand,
  PutRolePolicyCommand,
  paginateGetAccountAuthorizationDetails,
  type RoleDetail,
} from "@aws-sdk/client-iam";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { expect } from "vitest";
import { type Bench, type Case, decoded, ec2Trust, s3ReadOnly } from "./harness.ts";

async function fullRole(bench: Bench): Promise<{ RoleName: string; PolicyArn: string; InstanceProfileName: string }> {
  const PolicyName = bench.policyName();
  const { Policy } = await bench.iam.send(new CreatePolicyCommand({ PolicyName, PolicyDocument: s3ReadOnly }));
  const PolicyArn = bench.ownsPolicy(Policy?.Arn);
  const RoleName = bench.roleName();
  const InstanceProfileName = bench.profileName();
  await bench.iam.send(
    new CreateRoleCommand({
      RoleName,
      Path: bench.path,
      AssumeRolePolicyDocument: ec2Trust,
      Description: "not in the report",
      PermissionsBoundary: PolicyArn,
      Tags: [{ Key: "team", Value: "one" }],
    }),
  );
  await bench.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "inline", PolicyDocument: s3ReadOnly }));
  await bench.iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
  await bench.iam.send(new CreateInstanceProfileCommand({ InstanceProfileName }));
  await bench.iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName }));
  return { RoleName, PolicyArn, InstanceProfileName };
}

async function detailOf(bench: Bench, RoleName: string): Promise<RoleDetail | undefined> {
  const pages = paginateGetAccountAuthorizationDetails({ client: bench.iam }, { Filter: ["Role"] });
  for await (const page of pages) {
    const detail = page.RoleDetailList?.find((role) => role.RoleName === RoleName);
    if (detail !== undefined) {
      return detail;
    }
  }
  return undefined;
}

export const reportCases: readonly Case[] = [
  {
    test: "reports a role with its policies, boundary, tags and profiles",
    async run(bench) {
      const { RoleName, PolicyArn, InstanceProfileName } = await fullRole(bench);
      const detail = await detailOf(bench, RoleName);
      expect(detail).toMatchObject({
        Path: bench.path,
        Tags: [{ Key: "team", Value: "one" }],
        AttachedManagedPolicies: [{ PolicyArn }],
        PermissionsBoundary: { PermissionsBoundaryArn: PolicyArn },
        InstanceProfileList: [{ InstanceProfileName }],
        RolePolicyList: [{ PolicyName: "inline" }],
      });
      expect(detail).not.toHaveProperty("Description");
      expect(detail).not.toHaveProperty("MaxSessionDuration");
    },
  },
  {
    test: "encodes every document of the report",
    async run(bench) {
      const { RoleName } = await fullRole(bench);
      const detail = await detailOf(bench, RoleName);
      const inline = detail?.RolePolicyList?.[0]?.PolicyDocument;
      const nested = detail?.InstanceProfileList?.[0]?.Roles?.[0]?.AssumeRolePolicyDocument;
      for (const document of [detail?.AssumeRolePolicyDocument, inline, nested]) {
        expect(document).toMatch(/^%7B/);
      }
      expect(decoded(inline)).toEqual(JSON.parse(s3ReadOnly));
    },
  },
  {
    test: "reports in pages as small as they are asked for",
    async run(bench) {
      const names = [(await bench.role()).RoleName, (await bench.role()).RoleName];
      const seen: (string | undefined)[] = [];
      const request = { Filter: ["Role" as const], MaxItems: 1 };
      let page = await bench.iam.send(new GetAccountAuthorizationDetailsCommand(request));
      expect(page).toMatchObject({ IsTruncated: true });
      for (;;) {
        expect(page.RoleDetailList?.length).toBeLessThanOrEqual(1);
        seen.push(...(page.RoleDetailList ?? []).map((role) => role.RoleName));
        if (page.IsTruncated !== true) {
          break;
        }
        page = await bench.iam.send(new GetAccountAuthorizationDetailsCommand({ ...request, Marker: page.Marker }));
      }
      expect(seen).toEqual(expect.arrayContaining(names));
      expect(new Set(seen).size).toBe(seen.length);
    },
  },
  {
    test: "sums the account up with its quotas",
    async run(bench) {
      const before = (await bench.iam.send(new GetAccountSummaryCommand({}))).SummaryMap;
      await bench.role();
      const after = (await bench.iam.send(new GetAccountSummaryCommand({}))).SummaryMap;
      expect(after?.Roles).toBe((before?.Roles ?? 0) + 1);
      expect(after).toMatchObject({
        RolesQuota: expect.any(Number),
        InstanceProfilesQuota: expect.any(Number),
        AssumeRolePolicySizeQuota: expect.any(Number),
        RolePolicySizeQuota: 10_240,
        AttachedPoliciesPerRoleQuota: expect.any(Number),
      });
    },
  },
  {
    test: "tells callers who they are",
    async run(bench) {
      const identity = await bench.sts.send(new GetCallerIdentityCommand({}));
      const { Arn } = await bench.role();
      expect(identity.Account).toBe(Arn.split(":")[4]);
      expect(identity.Arn).toMatch(/^arn:aws[\w-]*:(iam|sts)::\d{12}:/);
    },
  },
];
