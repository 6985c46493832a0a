import {
  type _InstanceType,
  CreateLaunchTemplateCommand,
  DeleteLaunchTemplateCommand,
  DescribeLaunchTemplatesCommand,
  DescribeLaunchTemplateVersionsCommand,
  DescribeRegionsCommand,
  type LaunchTemplateIamInstanceProfileSpecificationRequest,
  type LaunchTemplateVersion,
} from "@aws-sdk/client-ec2";
import { expect } from "vitest";
import { readyProfile } from "./ec2-cases.ts";
import { type Bench, type Case, refusal } from "./harness.ts";

/** A launch template with this profile for as long as `run` takes. */
async function withTemplate(
  bench: Bench,
  IamInstanceProfile: LaunchTemplateIamInstanceProfileSpecificationRequest | undefined,
  run: (LaunchTemplateId: string) => Promise<void>,
): Promise<void> {
  const { LaunchTemplate } = await bench.ec2.send(
    new CreateLaunchTemplateCommand({
      LaunchTemplateName: bench.templateName(),
      LaunchTemplateData: { InstanceType: bench.launchable.instanceType as _InstanceType, IamInstanceProfile },
    }),
  );
  const LaunchTemplateId = LaunchTemplate?.LaunchTemplateId ?? "";
  expect(LaunchTemplateId).toMatch(/^lt-[0-9a-f]{17}$/);
  try {
    await run(LaunchTemplateId);
  } finally {
    await bench.ec2.send(new DeleteLaunchTemplateCommand({ LaunchTemplateId }));
  }
}

/** The latest and default versions of all templates, of this one only. */
async function versionsOf(bench: Bench, id: string, filterArn?: string): Promise<readonly LaunchTemplateVersion[]> {
  const command = new DescribeLaunchTemplateVersionsCommand({
    Versions: ["$Latest", "$Default"],
    MaxResults: 200,
    ...(filterArn !== undefined && { Filters: [{ Name: "iam-instance-profile", Values: [filterArn] }] }),
  });
  const { LaunchTemplateVersions = [] } = await bench.ec2.send(command);
  return LaunchTemplateVersions.filter(({ LaunchTemplateId }) => LaunchTemplateId === id);
}

/** What names an instance profile without an instance, and where to look for it. */
export const launchTemplateCases: readonly Case[] = [
  {
    test: "shows the instance profile of a launch template as it was given, by name or by ARN",
    async run(bench) {
      const { Name, Arn } = await readyProfile(bench);
      for (const profile of [{ Name }, { Arn }]) {
        await withTemplate(bench, profile, async (id) => {
          const [version] = await versionsOf(bench, id);
          expect(version?.LaunchTemplateData?.IamInstanceProfile).toEqual(profile);
        });
      }
    },
  },
  {
    test: "takes a launch template whose instance profile is not there",
    run: (bench) =>
      withTemplate(bench, { Name: bench.profileName() }, async (id) => {
        expect((await versionsOf(bench, id)).length).toBeGreaterThan(0);
      }),
  },
  {
    test: "finds launch templates that name the profile by its ARN with a filter, and no others",
    async run(bench) {
      const { Name, Arn = "" } = await readyProfile(bench);
      await withTemplate(bench, { Arn }, async (id) => {
        expect((await versionsOf(bench, id, Arn)).length).toBeGreaterThan(0);
      });
      await withTemplate(bench, { Name }, async (id) => expect(await versionsOf(bench, id, Arn)).toEqual([]));
    },
  },
  {
    test: "finds a launch template by a tag that it was created with",
    async run(bench) {
      const LaunchTemplateName = bench.templateName();
      const tag = { Key: "contract", Value: LaunchTemplateName };
      const { LaunchTemplate } = await bench.ec2.send(
        new CreateLaunchTemplateCommand({
          LaunchTemplateName,
          LaunchTemplateData: { InstanceType: bench.launchable.instanceType as _InstanceType },
          TagSpecifications: [{ ResourceType: "launch-template", Tags: [tag] }],
        }),
      );
      const Filters = [{ Name: "tag:contract", Values: [LaunchTemplateName] }];
      const { LaunchTemplates } = await bench.ec2.send(new DescribeLaunchTemplatesCommand({ Filters }));
      await bench.ec2.send(new DeleteLaunchTemplateCommand({ LaunchTemplateId: LaunchTemplate?.LaunchTemplateId }));
      expect(LaunchTemplates).toMatchObject([{ LaunchTemplateName, Tags: expect.arrayContaining([tag]) }]);
    },
  },
  {
    test: "does not list the versions of all launch templates without being told which",
    async run(bench) {
      const { code } = await refusal(bench.ec2.send(new DescribeLaunchTemplateVersionsCommand({})));
      expect(code).toBe("MissingParameter");
    },
  },
  {
    test: "lists the regions that the account has enabled",
    async run(bench) {
      const { Regions = [] } = await bench.ec2.send(new DescribeRegionsCommand({}));
      const names = Regions.map(({ RegionName }) => RegionName);
      expect(names).toContain(bench.region);
      for (const { OptInStatus } of Regions) expect(OptInStatus).toMatch(/^(opt-in-not-required|opted-in)$/);
    },
  },
];
