import { expect, test } from "vitest";
import { InProcessAws, must } from "./in-process.ts";

const launch = { ImageId: "ami-12345678", InstanceType: "t3.micro", MinCount: "1", MaxCount: "1" };
const withProfile = { ...launch, "IamInstanceProfile.Name": "app" };

async function inTransition(): Promise<{ readonly aws: InProcessAws; readonly id: string }> {
  const aws = new InProcessAws({ awkwardness: { ec2TransitionMs: 3_000 } });
  await aws.profileWithRole("app");
  await aws.profileWithRole("other");
  const { result } = must(await aws.ec2("RunInstances", withProfile));
  return { aws, id: result.instancesSet.item[0].instanceId };
}

async function stateOf(aws: InProcessAws, id: string): Promise<string> {
  const { result } = must(await aws.ec2("DescribeInstances", { "InstanceId.1": id }));
  return result.reservationSet.item[0].instancesSet.item[0].instanceState.name;
}

async function associations(aws: InProcessAws): Promise<readonly { associationId: string; state: string }[]> {
  const { result } = must(await aws.ec2("DescribeIamInstanceProfileAssociations"));
  return result.iamInstanceProfileAssociationSet.item ?? [];
}

test("refuses a profile, then one without a role, until EC2 has heard of them", async () => {
  const aws = new InProcessAws({ awkwardness: { ec2ProfileDelayMs: 10_000 } });
  await aws.role("app");
  must(await aws.iam("CreateInstanceProfile", { InstanceProfileName: "app" }));
  aws.nowMs += 4_000;
  must(await aws.iam("AddRoleToInstanceProfile", { InstanceProfileName: "app", RoleName: "app" }));
  const refusal = async () => (await aws.ec2("RunInstances", { ...withProfile, DryRun: "true" })).message;
  expect(must(await aws.iam("GetInstanceProfile", { InstanceProfileName: "app" })).status).toBe(200);
  expect(await refusal()).toMatch(/Invalid IAM Instance Profile name$/);
  aws.nowMs += 6_000;
  expect(await refusal()).toMatch(/has no associated IAM Roles$/);
  aws.nowMs += 4_000;
  expect(await refusal()).toMatch(/^Request would have succeeded/);
});

test("takes instances from state to state in time", async () => {
  const { aws, id } = await inTransition();
  const over = async (action: string): Promise<string[]> => {
    must(await aws.ec2(action, { "InstanceId.1": id }));
    const during = await stateOf(aws, id);
    aws.nowMs += 3_000;
    return [during, await stateOf(aws, id)];
  };
  expect(await stateOf(aws, id)).toBe("pending");
  expect((await aws.ec2("StopInstances", { "InstanceId.1": id })).code).toBe("IncorrectInstanceState");
  aws.nowMs += 3_000;
  expect(await over("StopInstances")).toEqual(["stopping", "stopped"]);
  expect(await over("StartInstances")).toEqual(["pending", "running"]);
  expect(await over("TerminateInstances")).toEqual(["shutting-down", "terminated"]);
});

test("associates only what is running or stopped", async () => {
  const { aws } = await inTransition();
  const { result } = must(await aws.ec2("RunInstances", launch));
  const InstanceId = result.instancesSet.item[0].instanceId;
  const associate = () => aws.ec2("AssociateIamInstanceProfile", { InstanceId, "IamInstanceProfile.Name": "app" });
  expect(await associate()).toMatchObject({
    code: "IncorrectInstanceState",
    message: `The instance '${InstanceId}' is not in the 'running' or 'stopped' states.`,
  });
  aws.nowMs += 3_000;
  must(await associate());
});

test("shows the old association beside the new one while it is being replaced", async () => {
  const { aws } = await inTransition();
  aws.nowMs += 3_000;
  const [before] = await associations(aws);
  expect(before?.state).toBe("associated");
  const replaced = must(
    await aws.ec2("ReplaceIamInstanceProfileAssociation", {
      AssociationId: before?.associationId ?? "",
      "IamInstanceProfile.Name": "other",
    }),
  ).result.iamInstanceProfileAssociation;
  expect(await associations(aws)).toMatchObject([
    { associationId: before?.associationId, state: "disassociating" },
    { associationId: replaced.associationId, state: "associating" },
  ]);
  aws.nowMs += 3_000;
  expect(await associations(aws)).toMatchObject([{ associationId: replaced.associationId, state: "associated" }]);
});

test("takes no other profile before the old one has gone", async () => {
  const { aws, id } = await inTransition();
  aws.nowMs += 3_000;
  const [before] = await associations(aws);
  const AssociationId = before?.associationId ?? "";
  must(await aws.ec2("DisassociateIamInstanceProfile", { AssociationId }));
  expect((await aws.ec2("DisassociateIamInstanceProfile", { AssociationId })).code).toBe(
    "InvalidAssociationID.NotFound",
  );
  const associate = () =>
    aws.ec2("AssociateIamInstanceProfile", { InstanceId: id, "IamInstanceProfile.Name": "other" });
  expect((await associate()).code).toBe("IncorrectState");
  aws.nowMs += 3_000;
  must(await associate());
});
