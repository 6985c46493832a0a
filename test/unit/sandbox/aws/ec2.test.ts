import { expect, test } from "vitest";
import { InProcessAws, must } from "./in-process.ts";

const launch = { ImageId: "ami-12345678", InstanceType: "t3.micro", MinCount: "1", MaxCount: "1" };

async function ready(): Promise<InProcessAws> {
  const aws = new InProcessAws();
  await aws.profileWithRole("app");
  await aws.profileWithRole("other");
  return aws;
}

async function launched(aws: InProcessAws, params: Readonly<Record<string, string>> = {}): Promise<string> {
  const { result } = must(await aws.ec2("RunInstances", { ...launch, ...params }));
  return result.instancesSet.item[0].instanceId;
}

const withProfile = { "IamInstanceProfile.Name": "app" };

test("refuses a profile by name and by ARN in EC2's words", async () => {
  const aws = await ready();
  expect(await aws.ec2("RunInstances", { ...launch, "IamInstanceProfile.Name": "none" })).toMatchObject({
    status: 400,
    code: "InvalidParameterValue",
    message: "Value (none) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
  });
  const Arn = "arn:aws:iam::123456789012:instance-profile/other-path/app";
  expect(await aws.ec2("RunInstances", { ...launch, "IamInstanceProfile.Arn": Arn })).toMatchObject({
    message: `Value (${Arn}) for parameter iamInstanceProfile.arn is invalid. Invalid IAM Instance Profile ARN`,
  });
  expect((await aws.ec2("RunInstances", { ...launch, ...withProfile, "IamInstanceProfile.Arn": Arn })).code).toBe(
    "InvalidParameterCombination",
  );
});

test("launches from a launch template, with its profile unless the call names another", async () => {
  const aws = await ready();
  const data = { ImageId: launch.ImageId, "IamInstanceProfile.Name": "app" };
  const template = Object.fromEntries(
    Object.entries(data).map(([name, value]) => [`LaunchTemplateData.${name}`, value]),
  );
  must(await aws.ec2("CreateLaunchTemplate", { LaunchTemplateName: "workers", ...template }));
  const run = (params: Readonly<Record<string, string>>) =>
    aws.ec2("RunInstances", {
      MinCount: "1",
      MaxCount: "1",
      "LaunchTemplate.LaunchTemplateName": "workers",
      ...params,
    });
  const profileOf = async (params: Readonly<Record<string, string>>) =>
    must(await run(params)).result.instancesSet.item[0].iamInstanceProfile.arn;
  const arn = "arn:aws:iam::123456789012:instance-profile";
  expect(await profileOf({})).toBe(`${arn}/app`);
  expect(await profileOf({ "LaunchTemplate.Version": "$Latest" })).toBe(`${arn}/app`);
  expect(await profileOf({ "IamInstanceProfile.Arn": `${arn}/other` })).toBe(`${arn}/other`);
  expect((await run({ "LaunchTemplate.Version": "2" })).code).toBe("InvalidLaunchTemplateId.VersionNotFound");
  expect((await run({ "LaunchTemplate.LaunchTemplateName": "none" })).code).toBe(
    "InvalidLaunchTemplateName.NotFoundException",
  );
});

test("says what a launch lacks", async () => {
  const aws = await ready();
  const { ImageId, ...withoutImage } = launch;
  expect(await aws.ec2("RunInstances", withoutImage)).toMatchObject({
    code: "MissingParameter",
    message: expect.stringMatching(/ImageId$/),
  });
  expect((await aws.ec2("RunInstances", { ImageId })).code).toBe("MissingParameter");
  expect((await aws.ec2("RunInstances", { ...launch, ImageId: "ubuntu" })).code).toBe("InvalidAMIID.Malformed");
});

test("changes nothing in a dry run", async () => {
  const aws = await ready();
  const dry = await aws.ec2("RunInstances", { ...launch, ...withProfile, DryRun: "true" });
  expect(dry).toMatchObject({ status: 412, code: "DryRunOperation" });
  expect(must(await aws.ec2("DescribeInstances")).result.reservationSet).toBe("");
});

test("starts the same instances for the same client token", async () => {
  const aws = await ready();
  const first = await launched(aws, { ClientToken: "one" });
  expect(await launched(aws, { ClientToken: "one" })).toBe(first);
  expect(await launched(aws, { ClientToken: "two" })).not.toBe(first);
});

test("keeps regions apart", async () => {
  const aws = await ready();
  const id = await launched(aws);
  expect((await aws.ec2("DescribeInstances", { "InstanceId.1": id }, "eu-west-1")).code).toBe(
    "InvalidInstanceID.NotFound",
  );
});

test("finds instances by id, state, profile and tag, with wild cards", async () => {
  const aws = await ready();
  const tagged = {
    "TagSpecification.1.ResourceType": "instance",
    "TagSpecification.1.Tag.1.Key": "team",
    "TagSpecification.1.Tag.1.Value": "red",
  };
  const id = await launched(aws, { ...withProfile, ...tagged });
  const other = await launched(aws);
  must(await aws.ec2("StopInstances", { "InstanceId.1": other }));
  const found = async (name: string, ...values: readonly string[]) => {
    const filter = Object.fromEntries(values.map((value, i) => [`Filter.1.Value.${i + 1}`, value]));
    const { result } = must(await aws.ec2("DescribeInstances", { "Filter.1.Name": name, ...filter }));
    return (result.reservationSet.item ?? []).flatMap((r: { instancesSet: { item: { instanceId: string }[] } }) =>
      r.instancesSet.item.map((instance) => instance.instanceId),
    );
  };
  expect(await found("tag:team", "r*")).toEqual([id]);
  expect(await found("tag:team", "blue", "r?d")).toEqual([id]);
  expect(await found("instance-state-name", "stopped")).toEqual([other]);
  expect(await found("iam-instance-profile.arn", "arn:aws:iam::123456789012:instance-profile/app")).toEqual([id]);
  expect(await found("instance-id", id, other)).toEqual([id, other]);
  expect((await aws.ec2("DescribeInstances", { "Filter.1.Name": "color", "Filter.1.Value.1": "x" })).code).toBe(
    "InvalidParameterValue",
  );
});

test("pages when asked to", async () => {
  const aws = await ready();
  must(await aws.ec2("RunInstances", { ...launch, MinCount: "7", MaxCount: "7" }));
  const first = must(await aws.ec2("DescribeInstances", { MaxResults: "5" }));
  expect(first.result.reservationSet.item[0].instancesSet.item).toHaveLength(5);
  const rest = must(await aws.ec2("DescribeInstances", { MaxResults: "5", NextToken: first.result.nextToken }));
  expect(rest.result.reservationSet.item[0].instancesSet.item).toHaveLength(2);
  expect(rest.result.nextToken).toBeUndefined();
});

test("moves instances through their states, all of them or none", async () => {
  const aws = await ready();
  const id = await launched(aws, withProfile);
  const stopped = must(await aws.ec2("StopInstances", { "InstanceId.1": id }));
  expect(stopped.result.instancesSet.item[0]).toMatchObject({
    currentState: { code: "64", name: "stopping" },
    previousState: { code: "16", name: "running" },
  });
  must(await aws.ec2("StartInstances", { "InstanceId.1": id }));
  const other = await launched(aws);
  must(await aws.ec2("TerminateInstances", { "InstanceId.1": other }));
  must(await aws.ec2("TerminateInstances", { "InstanceId.1": other }));
  const mixed = await aws.ec2("StopInstances", { "InstanceId.1": id, "InstanceId.2": other });
  expect(mixed.code).toBe("IncorrectInstanceState");
  const { result } = await aws.ec2("DescribeInstances", { "InstanceId.1": id });
  expect(result.reservationSet.item[0].instancesSet.item[0].instanceState.name).toBe("running");
});

test("associates, refuses a second profile, replaces under a new id, disassociates", async () => {
  const aws = await ready();
  const id = await launched(aws);
  const associate = (name: string) =>
    aws.ec2("AssociateIamInstanceProfile", { InstanceId: id, "IamInstanceProfile.Name": name });
  const first = must(await associate("app")).result.iamInstanceProfileAssociation;
  expect(first).toMatchObject({ state: "associating", instanceId: id });
  expect(await associate("other")).toMatchObject({ status: 400, code: "IncorrectState" });
  const replaced = must(
    await aws.ec2("ReplaceIamInstanceProfileAssociation", {
      AssociationId: first.associationId,
      "IamInstanceProfile.Name": "other",
    }),
  ).result.iamInstanceProfileAssociation;
  expect(replaced.associationId).not.toBe(first.associationId);
  const { result } = must(await aws.ec2("DescribeIamInstanceProfileAssociations"));
  expect(result.iamInstanceProfileAssociationSet.item).toMatchObject([
    {
      associationId: replaced.associationId,
      state: "associated",
      iamInstanceProfile: { arn: expect.stringMatching(/\/other$/) },
    },
  ]);
  must(await aws.ec2("DisassociateIamInstanceProfile", { AssociationId: replaced.associationId }));
  const gone = await aws.ec2("DescribeIamInstanceProfileAssociations", { "AssociationId.1": replaced.associationId });
  expect(gone.code).toBe("InvalidAssociationID.NotFound");
});

test("replaces only on running instances", async () => {
  const aws = await ready();
  const id = await launched(aws, withProfile);
  const { result } = must(await aws.ec2("DescribeIamInstanceProfileAssociations"));
  const AssociationId = result.iamInstanceProfileAssociationSet.item[0].associationId;
  must(await aws.ec2("StopInstances", { "InstanceId.1": id }));
  const replace = { AssociationId, "IamInstanceProfile.Name": "other" };
  expect((await aws.ec2("ReplaceIamInstanceProfileAssociation", replace)).code).toBe("IncorrectInstanceState");
});

test("lets a profile go that an instance still uses, and the instance keeps naming it", async () => {
  const aws = await ready();
  const id = await launched(aws, withProfile);
  must(await aws.iam("RemoveRoleFromInstanceProfile", { InstanceProfileName: "app", RoleName: "app" }));
  must(await aws.iam("DeleteInstanceProfile", { InstanceProfileName: "app" }));
  const { result } = must(await aws.ec2("DescribeInstances", { "InstanceId.1": id }));
  expect(result.reservationSet.item[0].instancesSet.item[0].iamInstanceProfile.arn).toMatch(/\/app$/);
});

test("forgets a terminated instance after an hour", async () => {
  const aws = await ready();
  const id = await launched(aws, withProfile);
  must(await aws.ec2("TerminateInstances", { "InstanceId.1": id }));
  aws.nowMs += 3_599_999;
  must(await aws.ec2("DescribeInstances", { "InstanceId.1": id }));
  aws.nowMs += 1;
  expect((await aws.ec2("DescribeInstances", { "InstanceId.1": id })).code).toBe("InvalidInstanceID.NotFound");
});

test("changes nothing in a dry run of any kind", async () => {
  const aws = await ready();
  const id = await launched(aws, withProfile);
  const { result } = must(await aws.ec2("DescribeIamInstanceProfileAssociations"));
  const AssociationId = result.iamInstanceProfileAssociationSet.item[0].associationId;
  const bare = await launched(aws);
  const before = aws.account.region("us-east-1").instances();
  const calls: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ["StopInstances", { "InstanceId.1": id }],
    ["TerminateInstances", { "InstanceId.1": id }],
    ["CreateTags", { "ResourceId.1": id, "Tag.1.Key": "a", "Tag.1.Value": "b" }],
    ["DeleteTags", { "ResourceId.1": id }],
    ["AssociateIamInstanceProfile", { InstanceId: bare, "IamInstanceProfile.Name": "app" }],
    ["ReplaceIamInstanceProfileAssociation", { AssociationId, "IamInstanceProfile.Name": "other" }],
    ["DisassociateIamInstanceProfile", { AssociationId }],
    ["DescribeInstances", {}],
    ["DescribeIamInstanceProfileAssociations", {}],
  ];
  for (const [action, params] of calls) {
    expect([action, (await aws.ec2(action, { ...params, DryRun: "true" })).code]).toEqual([action, "DryRunOperation"]);
  }
  expect(aws.account.region("us-east-1").instances()).toEqual(before);
  expect(must(await aws.ec2("DescribeIamInstanceProfileAssociations")).result).toMatchObject({
    iamInstanceProfileAssociationSet: { item: [{ associationId: AssociationId }] },
  });
});

test("tags instances only, all of them or none, and keeps AWS's own keys free", async () => {
  const aws = await ready();
  const id = await launched(aws);
  const tag = (more: Readonly<Record<string, string>>) =>
    aws.ec2("CreateTags", { "ResourceId.1": id, "Tag.1.Key": "team", "Tag.1.Value": "red", ...more });
  expect((await tag({ "ResourceId.2": "i-00000000000000000" })).code).toBe("InvalidInstanceID.NotFound");
  expect((await tag({ "ResourceId.2": "vol-00000000000000000" })).code).toBe("InvalidID");
  expect((await tag({ "Tag.1.Key": "aws:team" })).code).toBe("InvalidParameterValue");
  const many = Array.from({ length: 51 }, (_, i) => [`Tag.${i + 1}.Key`, `key-${i}`]);
  expect((await tag(Object.fromEntries(many))).code).toBe("TagLimitExceeded");
  expect(aws.account.region("us-east-1").instance(id)?.tags).toEqual([]);
  must(await tag({}));
  must(await tag({ "Tag.1.Value": "blue" }));
  expect(aws.account.region("us-east-1").instance(id)?.tags).toEqual([{ key: "team", value: "blue" }]);
  must(await aws.ec2("DeleteTags", { "ResourceId.1": id }));
  expect(aws.account.region("us-east-1").instance(id)?.tags).toEqual([]);
});

test("takes no page size together with ids, and no more than 200 values in a filter", async () => {
  const aws = await ready();
  const id = await launched(aws);
  expect((await aws.ec2("DescribeInstances", { "InstanceId.1": id, MaxResults: "5" })).code).toBe(
    "InvalidParameterCombination",
  );
  const values = Array.from({ length: 201 }, (_, i) => [`Filter.1.Value.${i + 1}`, id]);
  expect(
    (await aws.ec2("DescribeInstances", { "Filter.1.Name": "instance-id", ...Object.fromEntries(values) })).code,
  ).toBe("FilterLimitExceeded");
});
