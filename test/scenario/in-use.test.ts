// Loaded now, because virtual time does not wait for what the product loads on demand.
import "../../src/aws/client/ec2-client.ts";
import "../../src/aws/ec2/ec2-reader.ts";
import "../../src/aws/ec2/ec2-commands.ts";
import { expect, test } from "vitest";
import { readyOf } from "../support/cluster-user.ts";
import { s3ReadOnly } from "../support/manifest.ts";
import { EC2_TRUST } from "../support/outsider.ts";
import type { ReplicaOptions } from "../support/simulation/replica.ts";
import { Simulation } from "../support/simulation/simulation.ts";
import { must } from "../unit/sandbox/aws/in-process.ts";

const HOME = "us-east-1";
const MINUTE_MS = 60_000;
const AWAY = "ap-southeast-2";
const EVERYWHERE: ReplicaOptions = { guardRegions: [HOME], isEveryRegionGuarded: true };
const LAUNCH = { ImageId: "ami-12c6146b", MinCount: "1", MaxCount: "1", "IamInstanceProfile.Name": "app" };

/** A controller with its object in sync, long after the last write. */
async function established(options: ReplicaOptions = EVERYWHERE): Promise<Simulation> {
  const sim = new Simulation();
  sim.start(options);
  await sim.apply(sim.manifest());
  await sim.runUntil(async () => readyOf(await sim.object()) === "True InSync", MINUTE_MS);
  await sim.run(5 * MINUTE_MS);
  return sim;
}

async function ec2(sim: Simulation, action: string, params: Readonly<Record<string, string>>, region: string) {
  return must(await sim.servers.aws.ec2(action, params, region)).result;
}

async function launched(sim: Simulation, region: string): Promise<string> {
  const { instancesSet } = await ec2(sim, "RunInstances", LAUNCH, region);
  return instancesSet.item[0].instanceId;
}

async function message(sim: Simulation): Promise<string> {
  return (await sim.object())?.status?.conditions?.[0]?.message ?? "";
}

async function notes(sim: Simulation, reason: string): Promise<readonly string[]> {
  await sim.run(5_000);
  return (await sim.user.events(sim.key)).filter((event) => event.reason === reason).map(({ note }) => note);
}

function count(sim: Simulation, what: string): number {
  return sim.calls.filter((call) => call.what === what).length;
}

test("an instance in any region that the account has enabled blocks the deletion until it terminates", async () => {
  const sim = await established();
  const instanceId = await launched(sim, AWAY);
  await sim.delete();
  await sim.run(MINUTE_MS);
  expect(readyOf(await sim.object())).toBe("False InstancesUseProfile");
  expect(await message(sim)).toContain(`instance profile app is in use by ${instanceId} (${AWAY}).`);
  expect(sim.awsState().instanceProfiles).toHaveProperty("app");
  await ec2(sim, "TerminateInstances", { "InstanceId.1": instanceId }, AWAY);
  await sim.run(2 * MINUTE_MS);
  expect(await sim.object()).toBeUndefined();
  expect(sim.awsState().instanceProfiles).toEqual({});
});

test("an instance that the associations of the last minute do not show is seen in the controller's own region", async () => {
  const sim = await established();
  await sim.apply(s3ReadOnly({ namespace: "default", name: "other" }));
  await sim.run(MINUTE_MS);
  await sim.delete({ namespace: "default", name: "other" });
  await sim.run(5_000);
  await launched(sim, HOME);
  await sim.delete();
  await sim.run(5_000);
  expect(readyOf(await sim.object())).toBe("False InstancesUseProfile");
});

test.each([
  ["by name", { "LaunchTemplateData.IamInstanceProfile.Name": "app" }],
  ["by ARN", { "LaunchTemplateData.IamInstanceProfile.Arn": "arn:aws:iam::123456789012:instance-profile/app" }],
])("a launch template that names the profile %s blocks the deletion until it is deleted", async (_, data) => {
  const sim = await established();
  await ec2(sim, "CreateLaunchTemplate", { LaunchTemplateName: "web", ...data }, AWAY);
  await ec2(sim, "CreateLaunchTemplate", { LaunchTemplateName: "db", "LaunchTemplateData.ImageId": "ami-1" }, AWAY);
  await sim.delete();
  await sim.run(MINUTE_MS);
  expect(readyOf(await sim.object())).toBe("False LaunchTemplatesUseProfile");
  expect(await message(sim)).toMatch(
    /^instance profile app is named by launch template web \(lt-\w+, ap-southeast-2\)\./,
  );
  await ec2(sim, "DeleteLaunchTemplate", { LaunchTemplateName: "web" }, AWAY);
  await sim.run(3 * MINUTE_MS);
  expect(await sim.object()).toBeUndefined();
});

test("what may not be searched is named in an Event, and blocks nothing", async () => {
  const sim = await established();
  for (const action of ["DescribeIamInstanceProfileAssociations", "DescribeLaunchTemplateVersions"])
    sim.servers.aws.denyActions.add(`ec2:${action}`);
  await sim.delete();
  await sim.run(5_000);
  expect(await sim.object()).toBeUndefined();
  const [instances = ""] = await notes(sim, "InstancesNotSearched");
  expect(instances).toMatch(
    /^regions ap-northeast-1, .*us-west-2 were not searched for instances that use instance profile app: /,
  );
  expect(instances).not.toContain("us-east-1,");
  expect((await notes(sim, "LaunchTemplatesNotSearched"))[0]).toContain("us-east-1, ");
});

test("regions that cannot be listed are named, and the configured one is searched", async () => {
  const sim = await established();
  sim.servers.aws.denyActions.add("ec2:DescribeRegions");
  await sim.delete();
  await sim.run(5_000);
  const note = "the regions that the account has enabled beside the configured ones were not searched for instances";
  expect((await notes(sim, "InstancesNotSearched"))[0]).toContain(note);
});

test("fifty deletions at once search the other regions once a minute, for all of them", async () => {
  const sim = await established();
  const keys = Array.from({ length: 49 }, (_, i) => ({ namespace: "default", name: `app-${i}` }));
  for (const key of keys) await sim.apply(s3ReadOnly(key));
  await sim.run(5 * MINUTE_MS);
  for (const key of [sim.key, ...keys]) await sim.delete(key);
  await sim.runUntil(() => Object.keys(sim.awsState().roles).length === 0, 3 * MINUTE_MS);
  const minutes = 2;
  expect(count(sim, "DescribeRegions")).toBeLessThanOrEqual(minutes);
  // The configured region every two seconds.
  const homes = (minutes * MINUTE_MS) / 2_000;
  expect(count(sim, "DescribeIamInstanceProfileAssociations")).toBeLessThanOrEqual(minutes * 16 + homes);
  expect(count(sim, "DescribeLaunchTemplateVersions")).toBeLessThanOrEqual(minutes * 17);
  expect(count(sim, "DescribeInstances")).toBe(0);
});

test("the regions of --region are the only ones that are searched", async () => {
  const sim = await established({ guardRegions: [HOME, "eu-west-1"] });
  await launched(sim, AWAY);
  await sim.delete();
  await sim.run(5_000);
  expect(await sim.object()).toBeUndefined();
  const searched = count(sim, "DescribeIamInstanceProfileAssociations");
  expect([count(sim, "DescribeRegions"), searched]).toEqual([0, 2]);
});

test("the role in an adopted profile is not swapped under an instance of another region, or a launch template", async () => {
  const sim = new Simulation();
  sim.start({ ...EVERYWHERE, allowsAdoption: true });
  const iam = async (action: string, params: Readonly<Record<string, string>>) =>
    must(await sim.servers.aws.iam(action, params));
  await iam("CreateRole", { RoleName: "fleet-old", AssumeRolePolicyDocument: EC2_TRUST });
  await iam("CreateInstanceProfile", { InstanceProfileName: "app" });
  await iam("AddRoleToInstanceProfile", { InstanceProfileName: "app", RoleName: "fleet-old" });
  const instanceId = await launched(sim, AWAY);
  const template = { LaunchTemplateName: "web", "LaunchTemplateData.IamInstanceProfile.Name": "app" };
  await ec2(sim, "CreateLaunchTemplate", template, "eu-west-1");
  await sim.apply(sim.manifest({ roleName: "fleet-new", instanceProfileName: "app", adoptionPolicy: "IfExists" }));
  await sim.run(MINUTE_MS);
  expect(readyOf(await sim.object())).toBe("False InstancesUseProfile");
  expect(await message(sim)).toContain(
    `instance profile app holds role fleet-old and is in use by ${instanceId} (${AWAY}) and launch template web (`,
  );
  expect(sim.awsState().instanceProfiles["app"]).toMatchObject({ roleName: "fleet-old" });
});
