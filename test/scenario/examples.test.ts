import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  CreateLaunchTemplateCommand,
  type CreateLaunchTemplateCommandInput,
  DeleteLaunchTemplateCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { runCli } from "../contract/cli/run-cli.ts";
import type { Manifest, ObjectView } from "../support/cluster-user.ts";
import { Ec2User } from "../support/ec2-user.ts";
import { World } from "../support/world.ts";

const FOLDER = join(import.meta.dirname, "../../examples");
const EXAMPLES = readdirSync(FOLDER, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);

type Fields = Readonly<Record<string, unknown>>;

/** What uses the profile: the one file that is neither the manifest nor its test. */
function consumerOf(example: string): { readonly file: string; readonly consumer: Fields } {
  const [file = "", ...more] = readdirSync(join(FOLDER, example)).filter(
    (name) => !/^(?:profile|test)\.yaml$/.test(name),
  );
  expect(more).toEqual([]);
  return { file, consumer: parse(readFileSync(join(FOLDER, example, file), "utf8")) as Fields };
}

/** Where each kind of consumer names what it uses. All but a node group of EKS name the instance profile. */
const FIELDS: Readonly<Record<string, string>> = {
  "run-instances.json": "IamInstanceProfile.Name",
  "create-launch-template.json": "LaunchTemplateData.IamInstanceProfile.Name",
  "ec2-node-class.yaml": "spec.instanceProfile",
  "aws-machine-template.yaml": "spec.template.spec.iamInstanceProfile",
  "create-nodegroup.json": "nodeRole",
};

function at(fields: Fields, path: string): unknown {
  return path.split(".").reduce<unknown>((value, key) => (value as Fields | undefined)?.[key], fields);
}

let world: World;
let user: Ec2User;
beforeAll(async () => {
  world = await World.open();
  user = new Ec2User(world.aws.url, "us-east-1");
});
beforeEach(() => world.reset());
afterAll(async () => {
  user.close();
  await world.close();
});

test("the table of the README names every example", () => {
  const named = [...readFileSync(join(FOLDER, "README.md"), "utf8").matchAll(/^\| \[([\w-]+)\]\(\1\)/gm)].map(
    ([, name]) => name,
  );
  expect(named.toSorted()).toEqual(EXAMPLES.toSorted());
});

describe.each(EXAMPLES)("the example %s", (example) => {
  const file = (name: string): string => join(FOLDER, example, name);
  const object: Manifest = parse(readFileSync(file("profile.yaml"), "utf8"));

  test("is valid, and meets its policy test", async () => {
    const { status, out } = await runCli(["validate", "-f", file("profile.yaml"), "-f", file("test.yaml")]);
    expect([status, out]).toEqual([0, expect.stringMatching(/2 checked, 0 invalid/)]);
    // The one warning is of a managed policy, which only plan reads.
    expect(out.match(/warning: .*/g)?.filter((line) => !line.includes("plan reads managed policies")) ?? []).toEqual(
      [],
    );
  });

  test("becomes Ready, its consumer names it, an instance starts with it, and it goes when the instance is gone", async () => {
    const { file: consumerFile, consumer } = consumerOf(example);
    const named = at(consumer, FIELDS[consumerFile] ?? "");
    const key = { namespace: "default", name: example };
    const controller = world.controller();
    await world.apply({ ...object, metadata: { ...object.metadata, ...key } });
    await controller.settle(key);
    expect(await world.ready(key)).toBe("True InSync");
    const { instanceProfile, role } = (world.kube.read(key) as ObjectView | undefined)?.status ?? {};
    expect(named).toBe(consumerFile === "create-nodegroup.json" ? role?.arn : instanceProfile?.name);
    const instance = await user.runOne({ profile: instanceProfile?.name ?? "" });
    world.nowMs += 600_000;
    await world.delete(key);
    await controller.settle(key);
    expect(await world.ready(key)).toBe("False InstancesUseProfile");
    await user.terminate(instance);
    world.nowMs += 600_000;
    await controller.settle(key);
    expect(await world.awsState()).toEqual({ roles: {}, instanceProfiles: {} });
  });
});

/** Has the object of an example in AWS, and deletes it; the deletion waits for what still uses it. */
async function inDeletion(example: string, use: () => Promise<unknown>) {
  const object: Manifest = parse(readFileSync(join(FOLDER, example, "profile.yaml"), "utf8"));
  const key = { namespace: "default", name: example };
  const controller = world.controller();
  await world.apply({ ...object, metadata: { ...object.metadata, ...key } });
  await controller.settle(key);
  await use();
  world.nowMs += 600_000;
  await world.delete(key);
  await controller.settle(key);
  const blocked = await world.ready(key);
  const later = async (): Promise<unknown> => {
    world.nowMs += 600_000;
    await controller.settle(key);
    return world.awsState();
  };
  return { blocked, later };
}

test("the launch template of an Auto Scaling group blocks the deletion until it is deleted", async () => {
  const ec2 = new EC2Client({
    endpoint: world.aws.url,
    region: "us-east-1",
    credentials: { accessKeyId: "outsider", secretAccessKey: "test" },
  });
  const { consumer } = consumerOf("auto-scaling-group");
  const template = consumer as unknown as CreateLaunchTemplateCommandInput;
  const { blocked, later } = await inDeletion("auto-scaling-group", () =>
    ec2.send(new CreateLaunchTemplateCommand(template)),
  );
  expect(blocked).toBe("False LaunchTemplatesUseProfile");
  await ec2.send(new DeleteLaunchTemplateCommand({ LaunchTemplateName: template.LaunchTemplateName }));
  expect(await later()).toEqual({ roles: {}, instanceProfiles: {} });
  ec2.destroy();
});

test("the instance profile that EKS creates for the role of a node group blocks the deletion until it is gone", async () => {
  const membership = { InstanceProfileName: "eks-0a1b2c3d", RoleName: "eks-node-group" };
  const { blocked, later } = await inDeletion("eks-node-group", async () => {
    await world.outsider("CreateInstanceProfile", { InstanceProfileName: membership.InstanceProfileName });
    await world.outsider("AddRoleToInstanceProfile", membership);
  });
  expect(blocked).toBe("False RoleInUnmanagedInstanceProfile");
  await world.outsider("RemoveRoleFromInstanceProfile", membership);
  await world.outsider("DeleteInstanceProfile", { InstanceProfileName: membership.InstanceProfileName });
  expect(await later()).toEqual({ roles: {}, instanceProfiles: {} });
});
