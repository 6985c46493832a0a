import {
  AssociateIamInstanceProfileCommand,
  DescribeIamInstanceProfileAssociationsCommand,
  DescribeInstancesCommand,
  ReplaceIamInstanceProfileAssociationCommand,
  RunInstancesCommand,
  type RunInstancesRequest,
  StopInstancesCommand,
} from "@aws-sdk/client-ec2";
import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  DeleteInstanceProfileCommand,
  RemoveRoleFromInstanceProfileCommand,
} from "@aws-sdk/client-iam";
import { expect } from "vitest";
import { isUnknownInstanceProfile } from "../../../src/aws/ec2/ec2-message-matchers.ts";
import { launched, readyProfile, terminate, untilState } from "../../contract/aws/ec2-cases.ts";
import { type Bench, refusal } from "../../contract/aws/harness.ts";
import { type Assumption, assumptions, inSeconds } from "../assumption.ts";

/** An instance for as long as `run` takes. */
async function onInstance<T>(bench: Bench, Name: string | undefined, run: (id: string) => Promise<T>): Promise<T> {
  const id = await launched(bench, Name === undefined ? undefined : { Name });
  try {
    return await run(id);
  } finally {
    await terminate(bench, id);
  }
}

const associations = async (bench: Bench, id: string) => {
  const Filters = [{ Name: "instance-id", Values: [id] }];
  const answer = await bench.ec2.send(new DescribeIamInstanceProfileAssociationsCommand({ Filters }));
  return answer.IamInstanceProfileAssociations ?? [];
};

const dryRun = ({ launchable }: Bench, Name: string): RunInstancesCommand => {
  const { imageId: ImageId, instanceType: InstanceType, subnetId: SubnetId } = launchable;
  const request = { ImageId, InstanceType, ...(SubnetId !== undefined && { SubnetId }), MinCount: 1, MaxCount: 1 };
  const marked = { ...request, DryRun: true, IamInstanceProfile: { Name } } as RunInstancesRequest;
  return new RunInstancesCommand(marked);
};

/** How EC2 sees instance profiles. Each starts an instance, or asks whether it could. */
const instances: readonly Assumption[] = [
  {
    id: "propagation-profile-to-launch",
    assumption:
      "EC2 takes a new instance profile within two minutes, and until then refuses it with a message that the code recognizes.",
    matters: "src/aws/ec2/ec2-message-matchers.ts, src/errors.ts (isPropagating)",
    steps: "create role, instance profile and membership, repeat RunInstances with DryRun every two seconds",
    expected: "DryRunOperation within 120 s, before it only refusals of the instance profile",
    needs: "instance",
    readsAtOnce: true,
    async run({ bench, prepare }) {
      const { Name } = await prepare(() => readyProfile(bench));
      const startMs = performance.now();
      const before = new Set<string>();
      await bench.until("DryRunOperation", async () => {
        const { code, message } = await refusal(bench.ec2.send(dryRun(bench, Name)));
        if (code === "DryRunOperation") return true;
        expect(isUnknownInstanceProfile("AssociateIamInstanceProfile", code, message), message).toBe(true);
        before.add(message.replaceAll(Name, "NAME"));
        return undefined;
      });
      const took = inSeconds(performance.now() - startMs);
      return before.size === 0 ? "at once" : `after ${took}; before: ${[...before].join(" | ")}`;
    },
  },
  {
    id: "propagation-profile-to-association",
    assumption: "EC2 associates a new instance profile within two minutes.",
    matters: "src/aws/ec2/ec2-message-matchers.ts, src/errors.ts (isPropagating)",
    steps: "start an instance, create an instance profile, repeat the association every two seconds",
    expected: "an association within 120 s",
    needs: "instance",
    readsAtOnce: true,
    run: ({ bench, prepare }) =>
      onInstance(bench, undefined, async (InstanceId) => {
        const { Name } = await prepare(() => readyProfile(bench));
        const startMs = performance.now();
        const associate = new AssociateIamInstanceProfileCommand({ InstanceId, IamInstanceProfile: { Name } });
        await bench.until("association", () => bench.ec2.send(associate));
        await bench.until("associated", async () =>
          (await associations(bench, InstanceId)).some(({ State }) => State === "associated") ? true : undefined,
        );
        return `associated after ${inSeconds(performance.now() - startMs)}`;
      }),
  },
  {
    id: "deletion-of-an-instance-profile-in-use",
    assumption:
      "IAM deletes an instance profile that a running instance uses: the controller must search for its users itself.",
    matters: "src/engine/observe/profile-users.ts, src/plan/instances/guard-instances.ts",
    steps: "start an instance with an instance profile, remove the role, delete the instance profile",
    expected: "deleted",
    needs: "instance",
    async run({ bench }) {
      const { Name, RoleName } = await readyProfile(bench);
      return onInstance(bench, Name, async () => {
        await bench.iam.send(new RemoveRoleFromInstanceProfileCommand({ InstanceProfileName: Name, RoleName }));
        await bench.iam.send(new DeleteInstanceProfileCommand({ InstanceProfileName: Name }));
        return "deleted";
      });
    },
  },
  {
    id: "association-with-a-deleted-instance-profile",
    assumption: "An instance whose instance profile was deleted and created again is still shown with the old id.",
    matters: "src/plan/instances/instance-status.ts, src/model/instances/instance.ts",
    steps:
      "start an instance with an instance profile, delete the instance profile and create it again, describe the instance",
    expected: "the old id, or no instance profile; never the new id",
    needs: "instance",
    async run({ bench }) {
      const { Name: InstanceProfileName, RoleName, Id } = await readyProfile(bench);
      return onInstance(bench, InstanceProfileName, async (id) => {
        await bench.iam.send(new RemoveRoleFromInstanceProfileCommand({ InstanceProfileName, RoleName }));
        await bench.iam.send(new DeleteInstanceProfileCommand({ InstanceProfileName }));
        const again = await bench.iam.send(new CreateInstanceProfileCommand({ InstanceProfileName }));
        await bench.iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName }));
        await bench.pause(10_000);
        const { Reservations } = await bench.ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
        const shown = Reservations?.[0]?.Instances?.[0]?.IamInstanceProfile?.Id;
        expect(shown).not.toBe(again.InstanceProfile?.InstanceProfileId);
        return shown === Id ? "the old id" : `${shown ?? "no instance profile"}`;
      });
    },
  },
  {
    id: "states-during-a-replacement",
    assumption: "During a replacement EC2 may show two associations of an instance, of which one is ending.",
    matters: "src/aws/ec2/ec2-reader.ts, src/aws/ec2/ec2-entities.ts",
    steps: "start an instance with an instance profile, replace it, describe the associations at once",
    expected: "one association that is associating or associated, and others that are ending or none",
    needs: "instance",
    readsAtOnce: true,
    async run({ bench, prepare }) {
      const [before, after] = await prepare(
        async () => [await readyProfile(bench), await readyProfile(bench)] as const,
      );
      return onInstance(bench, before.Name, async (id) => {
        const [{ AssociationId } = {}] = await associations(bench, id);
        const replace = new ReplaceIamInstanceProfileAssociationCommand({
          AssociationId,
          IamInstanceProfile: { Name: after.Name },
        });
        await bench.until("replacement", () => bench.ec2.send(replace));
        const states = (await associations(bench, id)).map(({ State }) => State ?? "");
        expect(states.filter((state) => state === "associating" || state === "associated")).toHaveLength(1);
        return states.join(", ");
      });
    },
  },
  {
    id: "replacement-on-a-stopped-instance",
    assumption:
      "A replacement on a stopped instance is carried out or refused with IncorrectState or IncorrectInstanceState.",
    matters: "src/aws/errors/aws-error-codes.ts, src/plan/instances",
    steps: "start an instance with an instance profile, stop it, replace the instance profile",
    expected: "carried out or refused; the report says which",
    needs: "instance",
    async run({ bench }) {
      const [before, after] = [await readyProfile(bench), await readyProfile(bench)];
      return onInstance(bench, before.Name, async (id) => {
        await bench.ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
        await untilState(bench, id, "stopped");
        const [{ AssociationId } = {}] = await associations(bench, id);
        const replace = new ReplaceIamInstanceProfileAssociationCommand({
          AssociationId,
          IamInstanceProfile: { Name: after.Name },
        });
        const result = await bench.ec2.send(replace).then(
          () => "carried out",
          (error: { readonly Code?: string; readonly name: string }) => error.Code ?? error.name,
        );
        expect(["carried out", "IncorrectState", "IncorrectInstanceState"]).toContain(result);
        return result;
      });
    },
  },
];

export const instanceChecks = assumptions(instances);
