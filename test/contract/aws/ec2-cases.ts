import {
  type _InstanceType,
  DescribeIamInstanceProfileAssociationsCommand,
  DescribeInstancesCommand,
  type IamInstanceProfileSpecification,
  RunInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { AddRoleToInstanceProfileCommand, CreateInstanceProfileCommand } from "@aws-sdk/client-iam";
import { expect } from "vitest";
import { type Bench, type Case, refusal } from "./harness.ts";

interface ReadyProfile {
  readonly Name: string;
  readonly Arn: string | undefined;
  readonly Id: string | undefined;
  readonly RoleName: string;
}

/** A profile with a role of its own. */
export async function readyProfile(bench: Bench): Promise<ReadyProfile> {
  const InstanceProfileName = bench.profileName();
  const { RoleName } = await bench.role();
  const { InstanceProfile } = await bench.iam.send(new CreateInstanceProfileCommand({ InstanceProfileName }));
  await bench.iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName }));
  return { RoleName, Name: InstanceProfileName, Arn: InstanceProfile?.Arn, Id: InstanceProfile?.InstanceProfileId };
}

const launch = (
  { launchable }: Bench,
  IamInstanceProfile: IamInstanceProfileSpecification | undefined,
  DryRun = false,
): RunInstancesCommand =>
  new RunInstancesCommand({
    ImageId: launchable.imageId,
    InstanceType: launchable.instanceType as _InstanceType,
    ...(launchable.subnetId !== undefined && { SubnetId: launchable.subnetId }),
    MinCount: 1,
    MaxCount: 1,
    IamInstanceProfile,
    DryRun,
    TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "contract", Value: "yes" }] }],
  });

/** The id of a new instance, once it runs; `terminate` is for the caller. EC2 sees a new profile after some seconds. */
export async function launched(bench: Bench, profile: IamInstanceProfileSpecification | undefined): Promise<string> {
  const run = launch(bench, profile);
  const answer = await bench.until("launch", () => bench.ec2.send(run), { mayPass: isProfileUnknown });
  const id = answer.Instances?.[0]?.InstanceId ?? "";
  expect(id).toMatch(/^i-[0-9a-f]{17}$/);
  await untilState(bench, id, "running");
  return id;
}

/** EC2 does not know the profile, or its role: yet, when it is new. */
function isProfileUnknown(error: unknown): boolean {
  return error instanceof Error && /instance profile|no associated iam roles/i.test(error.message);
}

/** Waits until the instance is in this state. */
export async function untilState(bench: Bench, id: string, state: "running" | "stopped"): Promise<void> {
  await bench.until(`instance ${state}`, async () => {
    const { Reservations } = await bench.ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
    return Reservations?.[0]?.Instances?.[0]?.State?.Name === state ? true : undefined;
  });
}

export const terminate = (bench: Bench, id: string): Promise<unknown> =>
  bench.ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));

export const ec2Cases: readonly Case[] = [
  {
    needs: "instance",
    test: "launches an instance with a profile given by name",
    async run(bench) {
      const { Name, Arn } = await readyProfile(bench);
      const id = await launched(bench, { Name });
      const { Reservations } = await bench.ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
      const instance = Reservations?.[0]?.Instances?.[0];
      expect(instance).toMatchObject({
        InstanceId: id,
        InstanceType: bench.launchable.instanceType,
        IamInstanceProfile: { Arn },
      });
      expect(instance?.Tags).toContainEqual({ Key: "contract", Value: "yes" });
      await terminate(bench, id);
    },
  },
  {
    needs: "instance",
    test: "shows the id of the profile of an instance",
    async run(bench) {
      const { Name, Id } = await readyProfile(bench);
      const id = await launched(bench, { Name });
      const { Reservations } = await bench.ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
      await terminate(bench, id);
      expect(Reservations?.[0]?.Instances?.[0]?.IamInstanceProfile?.Id).toBe(Id);
    },
  },
  {
    needs: "instance",
    test: "launches an instance with a profile given by ARN",
    async run(bench) {
      const { Arn } = await readyProfile(bench);
      const id = await launched(bench, { Arn });
      const { Reservations } = await bench.ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
      expect(Reservations?.[0]?.Instances?.[0]?.IamInstanceProfile?.Arn).toBe(Arn);
      await terminate(bench, id);
    },
  },
  {
    needs: "instance",
    test: "finds the instances of a profile by its ARN",
    async run(bench) {
      const { Arn = "" } = await readyProfile(bench);
      const id = await launched(bench, { Arn });
      const { Reservations } = await bench.ec2.send(
        new DescribeInstancesCommand({
          Filters: [
            { Name: "iam-instance-profile.arn", Values: [Arn] },
            { Name: "instance-state-name", Values: ["pending", "running"] },
          ],
        }),
      );
      expect(Reservations?.flatMap((reservation) => reservation.Instances?.map((i) => i.InstanceId))).toEqual([id]);
      await terminate(bench, id);
    },
  },
  {
    needs: "instance",
    test: "associates the profile for as long as the instance lives",
    async run(bench) {
      const { Name, Arn } = await readyProfile(bench);
      const id = await launched(bench, { Name });
      const associations = async (): Promise<unknown[]> => {
        const command = new DescribeIamInstanceProfileAssociationsCommand({
          Filters: [
            { Name: "instance-id", Values: [id] },
            { Name: "state", Values: ["associating", "associated"] },
          ],
        });
        return (await bench.ec2.send(command)).IamInstanceProfileAssociations ?? [];
      };
      expect(await associations()).toMatchObject([
        { InstanceId: id, IamInstanceProfile: { Arn }, AssociationId: expect.stringMatching(/^iip-assoc-/) },
      ]);
      await bench.ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
      expect(await associations()).toHaveLength(1);
      await terminate(bench, id);
      await bench.eventually(async () => expect(await associations()).toEqual([]));
    },
  },
  {
    needs: "instance",
    test: "answers a dry run that would succeed with DryRunOperation",
    async run(bench) {
      const { Name } = await readyProfile(bench);
      await bench.eventually(async () =>
        expect(await refusal(bench.ec2.send(launch(bench, { Name }, true)))).toMatchObject({
          code: "DryRunOperation",
          status: 412,
        }),
      );
    },
  },
  {
    needs: "instance",
    test: "refuses to launch with a profile that is not there",
    async run(bench) {
      const Name = bench.profileName();
      for (const dryRun of [true, false]) {
        expect(await refusal(bench.ec2.send(launch(bench, { Name }, dryRun)))).toEqual({
          code: "InvalidParameterValue",
          status: 400,
          message: `Value (${Name}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name`,
        });
      }
    },
  },
  {
    needs: "instance",
    test: "refuses to launch with a profile that has no role",
    async run(bench) {
      const Name = bench.profileName();
      const { InstanceProfile } = await bench.iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: Name }));
      await bench.eventually(async () =>
        expect(await refusal(bench.ec2.send(launch(bench, { Name }, true)))).toEqual({
          code: "InvalidParameterValue",
          status: 400,
          message: `IAM Instance Profile "${InstanceProfile?.Arn}" has no associated IAM Roles`,
        }),
      );
    },
  },
  {
    test: "cannot find an instance that is not there",
    async run(bench) {
      const InstanceIds = ["i-00000000000000000"];
      for (const call of [
        () => bench.ec2.send(new DescribeInstancesCommand({ InstanceIds })),
        () => bench.ec2.send(new TerminateInstancesCommand({ InstanceIds })),
      ]) {
        expect(await refusal(call())).toMatchObject({ code: "InvalidInstanceID.NotFound", status: 400 });
      }
    },
  },
];
