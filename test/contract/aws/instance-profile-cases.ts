import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  DeleteInstanceProfileCommand,
  DeleteRoleCommand,
  GetInstanceProfileCommand,
  ListInstanceProfilesCommand,
  ListInstanceProfilesForRoleCommand,
  ListInstanceProfileTagsCommand,
  RemoveRoleFromInstanceProfileCommand,
  TagInstanceProfileCommand,
  UntagInstanceProfileCommand,
} from "@aws-sdk/client-iam";
import { expect } from "vitest";
import { type Bench, type Case, decoded, ec2Trust, refusal } from "./harness.ts";

async function profileWithRole(bench: Bench): Promise<{ InstanceProfileName: string; RoleName: string }> {
  const InstanceProfileName = bench.profileName();
  const { RoleName } = await bench.role();
  await bench.iam.send(new CreateInstanceProfileCommand({ InstanceProfileName }));
  await bench.iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName }));
  return { InstanceProfileName, RoleName };
}

export const instanceProfileCases: readonly Case[] = [
  {
    test: "gives an instance profile back as it was made, with its role",
    async run(bench) {
      const InstanceProfileName = bench.profileName();
      const role = await bench.role();
      await bench.iam.send(
        new CreateInstanceProfileCommand({
          InstanceProfileName,
          Path: bench.path,
          Tags: [{ Key: "team", Value: "one" }],
        }),
      );
      await bench.iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName: role.RoleName }));
      const { InstanceProfile } = await bench.iam.send(new GetInstanceProfileCommand({ InstanceProfileName }));
      expect(InstanceProfile).toMatchObject({
        InstanceProfileName,
        Path: bench.path,
        Tags: [{ Key: "team", Value: "one" }],
        Roles: [{ RoleName: role.RoleName, RoleId: role.RoleId, Arn: role.Arn }],
      });
      expect(InstanceProfile?.Arn).toMatch(
        new RegExp(`^arn:${bench.partition}:iam::\\d{12}:instance-profile${bench.path}${InstanceProfileName}$`),
      );
    },
  },
  {
    test: "gives instance profiles ids that begin with AIPA",
    async run(bench) {
      const InstanceProfileName = bench.profileName();
      const { InstanceProfile } = await bench.iam.send(new CreateInstanceProfileCommand({ InstanceProfileName }));
      expect(InstanceProfile?.InstanceProfileId).toMatch(/^AIPA[A-Z2-7]{17}$/);
    },
  },
  {
    test: "encodes the trust policy of the role in a profile",
    async run(bench) {
      const { InstanceProfileName } = await profileWithRole(bench);
      const { InstanceProfile } = await bench.iam.send(new GetInstanceProfileCommand({ InstanceProfileName }));
      const document = InstanceProfile?.Roles?.[0]?.AssumeRolePolicyDocument;
      expect(document).toMatch(/^%7B/);
      expect(decoded(document)).toEqual(JSON.parse(ec2Trust));
    },
  },
  {
    test: "cannot find an instance profile that is not there",
    async run(bench) {
      const InstanceProfileName = bench.profileName();
      for (const call of [
        () => bench.iam.send(new GetInstanceProfileCommand({ InstanceProfileName })),
        () => bench.iam.send(new DeleteInstanceProfileCommand({ InstanceProfileName })),
      ]) {
        expect(await refusal(call())).toMatchObject({
          code: "NoSuchEntity",
          status: 404,
          message: expect.stringMatching(new RegExp(`^Instance Profile ${InstanceProfileName} `, "i")),
        });
      }
    },
  },
  {
    test: "tells a missing role from a missing instance profile",
    async run(bench) {
      const InstanceProfileName = bench.profileName();
      const RoleName = bench.roleName();
      await bench.iam.send(new CreateInstanceProfileCommand({ InstanceProfileName }));
      const error = await refusal(
        bench.iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName })),
      );
      expect(error).toEqual({
        code: "NoSuchEntity",
        status: 404,
        message: `The role with name ${RoleName} cannot be found.`,
      });
    },
  },
  {
    test: "refuses an instance profile whose name is taken",
    async run(bench) {
      const InstanceProfileName = bench.profileName();
      await bench.iam.send(new CreateInstanceProfileCommand({ InstanceProfileName }));
      expect(await refusal(bench.iam.send(new CreateInstanceProfileCommand({ InstanceProfileName })))).toEqual({
        code: "EntityAlreadyExists",
        status: 409,
        message: `Instance Profile ${InstanceProfileName} already exists.`,
      });
    },
  },
  {
    test: "refuses a second role, and the same role again",
    async run(bench) {
      const { InstanceProfileName, RoleName } = await profileWithRole(bench);
      const other = await bench.role();
      for (const name of [other.RoleName, RoleName]) {
        expect(
          await refusal(bench.iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName: name }))),
        ).toEqual({
          code: "LimitExceeded",
          status: 409,
          message: "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1",
        });
      }
    },
  },
  {
    test: "refuses to delete a profile with a role, and a role in a profile",
    async run(bench) {
      const { InstanceProfileName, RoleName } = await profileWithRole(bench);
      for (const call of [
        () => bench.iam.send(new DeleteInstanceProfileCommand({ InstanceProfileName })),
        () => bench.iam.send(new DeleteRoleCommand({ RoleName })),
      ]) {
        expect(await refusal(call())).toEqual({
          code: "DeleteConflict",
          status: 409,
          message: "Cannot delete entity, must remove roles from instance profile first.",
        });
      }
    },
  },
  {
    test: "removes a role once",
    async run(bench) {
      const { InstanceProfileName, RoleName } = await profileWithRole(bench);
      await bench.iam.send(new RemoveRoleFromInstanceProfileCommand({ InstanceProfileName, RoleName }));
      const { InstanceProfile } = await bench.iam.send(new GetInstanceProfileCommand({ InstanceProfileName }));
      expect(InstanceProfile?.Roles ?? []).toEqual([]);
      expect(
        await refusal(bench.iam.send(new RemoveRoleFromInstanceProfileCommand({ InstanceProfileName, RoleName }))),
      ).toMatchObject({ code: "NoSuchEntity", status: 404 });
    },
  },
  {
    test: "lists the profiles of a role",
    async run(bench) {
      const { InstanceProfileName, RoleName } = await profileWithRole(bench);
      const other = await bench.role();
      const { InstanceProfiles } = await bench.iam.send(new ListInstanceProfilesForRoleCommand({ RoleName }));
      expect(InstanceProfiles?.map((profile) => profile.InstanceProfileName)).toEqual([InstanceProfileName]);
      const none = await bench.iam.send(new ListInstanceProfilesForRoleCommand({ RoleName: other.RoleName }));
      expect(none.InstanceProfiles ?? []).toEqual([]);
    },
  },
  {
    test: "cannot list the profiles of a role that is not there",
    async run(bench) {
      const RoleName = bench.roleName();
      expect(await refusal(bench.iam.send(new ListInstanceProfilesForRoleCommand({ RoleName })))).toMatchObject({
        code: "NoSuchEntity",
        status: 404,
      });
    },
  },
  {
    test: "lists instance profiles under a path, in pages, without tags",
    async run(bench) {
      const names = [bench.profileName(), bench.profileName(), bench.profileName()];
      for (const InstanceProfileName of names) {
        await bench.iam.send(
          new CreateInstanceProfileCommand({
            InstanceProfileName,
            Path: bench.path,
            Tags: [{ Key: "a", Value: "b" }],
          }),
        );
      }
      const request = { PathPrefix: bench.path, MaxItems: 2 };
      const first = await bench.iam.send(new ListInstanceProfilesCommand(request));
      expect(first.IsTruncated).toBe(true);
      const second = await bench.iam.send(new ListInstanceProfilesCommand({ ...request, Marker: first.Marker }));
      const listed = [...(first.InstanceProfiles ?? []), ...(second.InstanceProfiles ?? [])];
      expect(listed.map((profile) => profile.InstanceProfileName).sort()).toEqual(names.toSorted());
      expect(listed.every((profile) => profile.Tags === undefined)).toBe(true);
    },
  },
  {
    test: "sets and removes tags of an instance profile",
    async run(bench) {
      const InstanceProfileName = bench.profileName();
      await bench.iam.send(new CreateInstanceProfileCommand({ InstanceProfileName }));
      await bench.iam.send(
        new TagInstanceProfileCommand({
          InstanceProfileName,
          Tags: [
            { Key: "team", Value: "one" },
            { Key: "env", Value: "t" },
          ],
        }),
      );
      await bench.iam.send(new UntagInstanceProfileCommand({ InstanceProfileName, TagKeys: ["env"] }));
      const { InstanceProfile } = await bench.iam.send(new GetInstanceProfileCommand({ InstanceProfileName }));
      expect(InstanceProfile?.Tags).toEqual([{ Key: "team", Value: "one" }]);
    },
  },
  {
    test: "lists the tags of an instance profile",
    async run(bench) {
      const InstanceProfileName = bench.profileName();
      const Tags = [{ Key: "team", Value: "one" }];
      await bench.iam.send(new CreateInstanceProfileCommand({ InstanceProfileName, Tags }));
      const answer = await bench.iam.send(new ListInstanceProfileTagsCommand({ InstanceProfileName }));
      expect(answer.Tags).toEqual(Tags);
    },
  },
];
