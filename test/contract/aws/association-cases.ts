import {
  AssociateIamInstanceProfileCommand,
  CreateTagsCommand,
  DeleteTagsCommand,
  DescribeIamInstanceProfileAssociationsCommand,
  DescribeInstancesCommand,
  DisassociateIamInstanceProfileCommand,
  type IamInstanceProfileAssociation,
  ReplaceIamInstanceProfileAssociationCommand,
  StartInstancesCommand,
  StopInstancesCommand,
} from "@aws-sdk/client-ec2";
import { expect } from "vitest";
import { launched, readyProfile, terminate, untilState } from "./ec2-cases.ts";
import { type Bench, type Case, refusal } from "./harness.ts";

async function associationsOf(bench: Bench, id: string): Promise<readonly IamInstanceProfileAssociation[]> {
  const command = new DescribeIamInstanceProfileAssociationsCommand({
    Filters: [
      { Name: "instance-id", Values: [id] },
      { Name: "state", Values: ["associating", "associated"] },
    ],
  });
  return (await bench.ec2.send(command)).IamInstanceProfileAssociations ?? [];
}

async function associationIdOf(bench: Bench, id: string): Promise<string> {
  return (await associationsOf(bench, id))[0]?.AssociationId ?? "";
}

async function profileArnOf(bench: Bench, id: string): Promise<string | undefined> {
  const { Reservations } = await bench.ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
  return Reservations?.[0]?.Instances?.[0]?.IamInstanceProfile?.Arn;
}

/** A launched instance for as long as `run` takes. */
async function onInstance(
  bench: Bench,
  profile: Parameters<typeof launched>[1],
  run: (id: string) => Promise<void>,
): Promise<void> {
  const id = await launched(bench, profile);
  try {
    await run(id);
  } finally {
    await terminate(bench, id);
  }
}

/** Keeping instances on the right profile: associations, states and tags. */
export const associationCases: readonly Case[] = [
  {
    needs: "instance",
    test: "associates a profile by name and by ARN with an instance that has none",
    async run(bench) {
      const { Name, Arn } = await readyProfile(bench);
      for (const IamInstanceProfile of [{ Name }, { Arn }]) {
        await onInstance(bench, undefined, async (InstanceId) => {
          const { IamInstanceProfileAssociation: made } = await bench.until("association", () =>
            bench.ec2.send(new AssociateIamInstanceProfileCommand({ InstanceId, IamInstanceProfile })),
          );
          expect(made).toMatchObject({ InstanceId, State: "associating", IamInstanceProfile: { Arn } });
          expect(await associationsOf(bench, InstanceId)).toMatchObject([{ AssociationId: made?.AssociationId }]);
          await bench.eventually(async () => expect(await profileArnOf(bench, InstanceId)).toBe(Arn));
        });
      }
    },
  },
  {
    needs: "instance",
    test: "refuses a second association",
    async run(bench) {
      const { Name } = await readyProfile(bench);
      await onInstance(bench, { Name }, async (InstanceId) => {
        const again = new AssociateIamInstanceProfileCommand({ InstanceId, IamInstanceProfile: { Name } });
        expect(await refusal(bench.ec2.send(again))).toMatchObject({ code: "IncorrectState", status: 400 });
      });
    },
  },
  {
    needs: "instance",
    test: "refuses to associate a profile that is not there",
    async run(bench) {
      const Name = bench.profileName();
      await onInstance(bench, undefined, async (InstanceId) => {
        const call = new AssociateIamInstanceProfileCommand({ InstanceId, IamInstanceProfile: { Name } });
        expect(await refusal(bench.ec2.send(call))).toEqual({
          code: "InvalidParameterValue",
          status: 400,
          message: `Value (${Name}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name`,
        });
      });
    },
  },
  {
    needs: "instance",
    test: "associates a profile with a stopped instance, which keeps it when started",
    async run(bench) {
      const { Name, Arn } = await readyProfile(bench);
      await onInstance(bench, undefined, async (InstanceId) => {
        await bench.ec2.send(new StopInstancesCommand({ InstanceIds: [InstanceId] }));
        await untilState(bench, InstanceId, "stopped");
        await bench.until("association", () =>
          bench.ec2.send(new AssociateIamInstanceProfileCommand({ InstanceId, IamInstanceProfile: { Name } })),
        );
        await bench.ec2.send(new StartInstancesCommand({ InstanceIds: [InstanceId] }));
        expect(await profileArnOf(bench, InstanceId)).toBe(Arn);
      });
    },
  },
  {
    needs: "instance",
    test: "replaces the profile of a running instance under a new association id",
    async run(bench) {
      const [before, after] = [await readyProfile(bench), await readyProfile(bench)];
      await onInstance(bench, { Name: before.Name }, async (id) => {
        const AssociationId = await associationIdOf(bench, id);
        const { IamInstanceProfileAssociation: made } = await bench.until("replacement", () =>
          bench.ec2.send(
            new ReplaceIamInstanceProfileAssociationCommand({ AssociationId, IamInstanceProfile: { Arn: after.Arn } }),
          ),
        );
        expect(made).toMatchObject({ InstanceId: id, IamInstanceProfile: { Arn: after.Arn } });
        expect(made?.AssociationId).not.toBe(AssociationId);
        await bench.eventually(async () =>
          expect(await associationsOf(bench, id)).toMatchObject([{ AssociationId: made?.AssociationId }]),
        );
      });
    },
  },
  {
    needs: "instance",
    test: "shows the new profile of an instance after a replacement",
    async run(bench) {
      const [before, after] = [await readyProfile(bench), await readyProfile(bench)];
      await onInstance(bench, { Name: before.Name }, async (id) => {
        const AssociationId = await associationIdOf(bench, id);
        const IamInstanceProfile = { Name: after.Name };
        await bench.until("replacement", () =>
          bench.ec2.send(new ReplaceIamInstanceProfileAssociationCommand({ AssociationId, IamInstanceProfile })),
        );
        await bench.eventually(async () => expect(await profileArnOf(bench, id)).toBe(after.Arn));
      });
    },
  },
  {
    needs: "instance",
    test: "takes a profile from an instance, and then takes another for it",
    async run(bench) {
      const [before, after] = [await readyProfile(bench), await readyProfile(bench)];
      await onInstance(bench, { Name: before.Name }, async (InstanceId) => {
        const AssociationId = await associationIdOf(bench, InstanceId);
        const { IamInstanceProfileAssociation: ended } = await bench.ec2.send(
          new DisassociateIamInstanceProfileCommand({ AssociationId }),
        );
        expect(ended).toMatchObject({ AssociationId, InstanceId, State: "disassociating" });
        await bench.eventually(async () => expect(await profileArnOf(bench, InstanceId)).toBeUndefined());
        const IamInstanceProfile = { Name: after.Name };
        await bench.until("association", () =>
          bench.ec2.send(new AssociateIamInstanceProfileCommand({ InstanceId, IamInstanceProfile })),
        );
        await bench.eventually(async () => expect(await profileArnOf(bench, InstanceId)).toBe(after.Arn));
      });
    },
  },
  {
    test: "cannot replace or take away an association that is not there",
    async run(bench) {
      const { Name } = await readyProfile(bench);
      const AssociationId = "iip-assoc-00000000000000000";
      for (const call of [
        () =>
          bench.ec2.send(
            new ReplaceIamInstanceProfileAssociationCommand({ AssociationId, IamInstanceProfile: { Name } }),
          ),
        () => bench.ec2.send(new DisassociateIamInstanceProfileCommand({ AssociationId })),
      ]) {
        expect(await refusal(call())).toMatchObject({ code: "InvalidAssociationID.NotFound", status: 400 });
      }
    },
  },
  {
    needs: "instance",
    test: "lists the associations of many instances in pages",
    async run(bench) {
      const { Name } = await readyProfile(bench);
      const ids = await Promise.all(Array.from({ length: 7 }, () => launched(bench, { Name })));
      const seen: (string | undefined)[][] = [];
      let NextToken: string | undefined;
      do {
        const page = await bench.ec2.send(
          new DescribeIamInstanceProfileAssociationsCommand({
            MaxResults: 5,
            NextToken,
            Filters: [{ Name: "instance-id", Values: ids }],
          }),
        );
        seen.push((page.IamInstanceProfileAssociations ?? []).map(({ InstanceId }) => InstanceId));
        NextToken = page.NextToken;
      } while (NextToken !== undefined && NextToken !== "");
      await Promise.all(ids.map((id) => terminate(bench, id)));
      expect(seen.flat().toSorted()).toEqual(ids.toSorted());
      expect(seen.map((page) => page.length)).toEqual([5, 2]);
    },
  },
  {
    needs: "instance",
    test: "finds instances by tags that were put on and taken off while they ran",
    async run(bench) {
      const Key = `contract-${bench.path}`;
      await onInstance(bench, undefined, async (id) => {
        const found = async (): Promise<unknown> => {
          const Filters = [{ Name: `tag:${Key}`, Values: ["yes"] }];
          const { Reservations } = await bench.ec2.send(new DescribeInstancesCommand({ Filters }));
          return (Reservations ?? []).flatMap(({ Instances }) => Instances?.map(({ InstanceId }) => InstanceId));
        };
        expect(await found()).toEqual([]);
        await bench.ec2.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key, Value: "yes" }] }));
        await bench.eventually(async () => expect(await found()).toEqual([id]));
        await bench.ec2.send(new DeleteTagsCommand({ Resources: [id], Tags: [{ Key, Value: "no" }] }));
        expect(await found()).toEqual([id]);
        await bench.ec2.send(new DeleteTagsCommand({ Resources: [id], Tags: [{ Key }] }));
        await bench.eventually(async () => expect(await found()).toEqual([]));
      });
    },
  },
];
