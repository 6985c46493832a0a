import {
  AttachRolePolicyCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  ListEntitiesForPolicyCommand,
  ListPolicyTagsCommand,
  ListPolicyVersionsCommand,
  paginateGetAccountAuthorizationDetails,
  SetDefaultPolicyVersionCommand,
  TagPolicyCommand,
  UntagPolicyCommand,
} from "@aws-sdk/client-iam";
import { expect } from "vitest";
import { type Bench, type Case, decoded, policy, refusal, s3ReadOnly } from "./harness.ts";

const other = policy({ Effect: "Allow", Action: "sqs:SendMessage", Resource: "*" });

async function made(bench: Bench, PolicyName = bench.policyName()): Promise<string> {
  const { Policy } = await bench.iam.send(
    new CreatePolicyCommand({
      PolicyName,
      Path: bench.path,
      PolicyDocument: s3ReadOnly,
      Description: "made by a test",
      Tags: [{ Key: "team", Value: "one" }],
    }),
  );
  return bench.ownsPolicy(Policy?.Arn);
}

function addVersion(bench: Bench, PolicyArn: string, SetAsDefault = true) {
  return bench.iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: other, SetAsDefault }));
}

async function versionsOf(bench: Bench, PolicyArn: string): Promise<readonly string[]> {
  const { Versions } = await bench.iam.send(new ListPolicyVersionsCommand({ PolicyArn }));
  return (Versions ?? []).map(({ VersionId, IsDefaultVersion }) => `${VersionId}${IsDefaultVersion ? "*" : ""}`).sort();
}

const versionCases: readonly Case[] = [
  {
    test: "makes a new version of a managed policy its default",
    async run(bench) {
      const PolicyArn = await made(bench);
      const { PolicyVersion } = await addVersion(bench, PolicyArn);
      expect(PolicyVersion).toMatchObject({ VersionId: "v2", IsDefaultVersion: true });
      const { Policy } = await bench.iam.send(new GetPolicyCommand({ PolicyArn }));
      expect(Policy?.DefaultVersionId).toBe("v2");
      const shown = await bench.iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId: "v2" }));
      expect(decoded(shown.PolicyVersion?.Document)).toEqual(JSON.parse(other));
      expect(await versionsOf(bench, PolicyArn)).toEqual(["v1", "v2*"]);
    },
  },
  {
    test: "keeps the default of a managed policy until another is set",
    async run(bench) {
      const PolicyArn = await made(bench);
      await addVersion(bench, PolicyArn, false);
      expect(await versionsOf(bench, PolicyArn)).toEqual(["v1*", "v2"]);
      await bench.iam.send(new SetDefaultPolicyVersionCommand({ PolicyArn, VersionId: "v2" }));
      expect(await versionsOf(bench, PolicyArn)).toEqual(["v1", "v2*"]);
    },
  },
  {
    test: "refuses a sixth version of a managed policy, and never gives a number twice",
    async run(bench) {
      const PolicyArn = await made(bench);
      for (let i = 2; i <= 5; i++) await addVersion(bench, PolicyArn);
      expect(await refusal(addVersion(bench, PolicyArn))).toMatchObject({ code: "LimitExceeded", status: 409 });
      await bench.iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: "v1" }));
      await addVersion(bench, PolicyArn);
      expect(await versionsOf(bench, PolicyArn)).toEqual(["v2", "v3", "v4", "v5", "v6*"]);
    },
  },
  {
    test: "refuses to delete the default version of a managed policy",
    async run(bench) {
      const PolicyArn = await made(bench);
      const command = new DeletePolicyVersionCommand({ PolicyArn, VersionId: "v1" });
      expect(await refusal(bench.iam.send(command))).toMatchObject({ code: "DeleteConflict", status: 409 });
    },
  },
  {
    test: "refuses to delete a managed policy with several versions",
    async run(bench) {
      const PolicyArn = await made(bench);
      await addVersion(bench, PolicyArn);
      expect(await refusal(bench.iam.send(new DeletePolicyCommand({ PolicyArn })))).toMatchObject({
        code: "DeleteConflict",
        status: 409,
      });
    },
  },
  {
    test: "cannot find a version of a managed policy that is not there",
    async run(bench) {
      const PolicyArn = await made(bench);
      for (const command of [
        () => bench.iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId: "v9" })),
        () => bench.iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: "v9" })),
        () => bench.iam.send(new CreatePolicyVersionCommand({ PolicyArn: `${PolicyArn}x`, PolicyDocument: other })),
      ]) {
        expect(await refusal(command())).toMatchObject({ code: "NoSuchEntity", status: 404 });
      }
    },
  },
];

export const managedPolicyCases: readonly Case[] = [
  ...versionCases,
  {
    test: "refuses a managed policy whose name is taken under another path, or in another case",
    async run(bench) {
      const PolicyName = bench.policyName();
      await made(bench, PolicyName);
      for (const request of [{ PolicyName }, { PolicyName: PolicyName.toUpperCase(), Path: bench.path }]) {
        const command = new CreatePolicyCommand({ ...request, PolicyDocument: other });
        expect(await refusal(bench.iam.send(command))).toMatchObject({ code: "EntityAlreadyExists", status: 409 });
      }
    },
  },
  {
    test: "shows the tags of a managed policy, as they were set last",
    async run(bench) {
      const PolicyArn = await made(bench);
      await bench.iam.send(new TagPolicyCommand({ PolicyArn, Tags: [{ Key: "team", Value: "two" }] }));
      await bench.iam.send(new TagPolicyCommand({ PolicyArn, Tags: [{ Key: "more", Value: "1" }] }));
      await bench.iam.send(new UntagPolicyCommand({ PolicyArn, TagKeys: ["more", "none"] }));
      const { Policy } = await bench.iam.send(new GetPolicyCommand({ PolicyArn }));
      expect(Policy).toMatchObject({ Description: "made by a test", Tags: [{ Key: "team", Value: "two" }] });
      const { Tags } = await bench.iam.send(new ListPolicyTagsCommand({ PolicyArn }));
      expect(Tags).toEqual([{ Key: "team", Value: "two" }]);
    },
  },
  {
    test: "counts and names the roles that a managed policy is attached to",
    async run(bench) {
      const PolicyArn = await made(bench);
      const { RoleName } = await bench.role();
      await bench.iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
      const { Policy } = await bench.iam.send(new GetPolicyCommand({ PolicyArn }));
      expect(Policy).toMatchObject({ AttachmentCount: 1 });
      const { PolicyRoles, PolicyUsers } = await bench.iam.send(new ListEntitiesForPolicyCommand({ PolicyArn }));
      expect(PolicyRoles).toMatchObject([{ RoleName }]);
      expect(PolicyUsers).toEqual([]);
    },
  },
  {
    test: "reports customer managed policies with the documents of all versions, without tags",
    async run(bench) {
      const PolicyArn = await made(bench);
      await addVersion(bench, PolicyArn);
      const pages = paginateGetAccountAuthorizationDetails(
        { client: bench.iam },
        { Filter: ["Role", "LocalManagedPolicy"] },
      );
      const reported: unknown[] = [];
      for await (const page of pages) reported.push(...(page.Policies ?? []).filter(({ Arn }) => Arn === PolicyArn));
      expect(reported).toMatchObject([
        {
          Path: bench.path,
          DefaultVersionId: "v2",
          AttachmentCount: 0,
          PolicyVersionList: expect.arrayContaining([
            expect.objectContaining({ VersionId: "v1", IsDefaultVersion: false }),
            expect.objectContaining({ VersionId: "v2", IsDefaultVersion: true }),
          ]),
        },
      ]);
      expect(reported[0]).not.toHaveProperty("Tags");
    },
  },
];
