import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  DeleteInstanceProfileCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  IAMClient,
  PutRolePolicyCommand,
  RemoveRoleFromInstanceProfileCommand,
} from "@aws-sdk/client-iam";
import { type Measurement, WARM_UP_SIZE } from "./measurement.ts";

/** As many as the controller's workers. */
const CONCURRENCY = 10;
const TRUST = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: ["ec2.amazonaws.com"] }, Action: ["sts:AssumeRole"] }],
});
const POLICY = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Sid: "Read", Effect: "Allow", Action: ["s3:Get*", "s3:List*"], Resource: ["*"] }],
});

/** The bare SDK: what N profiles cost when nobody looks, plans or tells. */
export async function measureFloor(options: {
  readonly aws: "sandbox" | "moto";
  readonly awsUrl: string;
  readonly size: number;
}): Promise<Measurement[]> {
  const { aws, size } = options;
  const iam = new IAMClient({
    endpoint: options.awsUrl,
    region: "us-east-1",
    credentials: { accessKeyId: "bench", secretAccessKey: "bench" },
  });
  const names = Array.from({ length: size }, (_, i) => `floor-${i}`);
  const step = async (name: string, actions: readonly string[], work: (role: string) => Promise<void>) => {
    const start = performance.now();
    await inParallel(names, work);
    const calls = Object.fromEntries(actions.map((action) => [action, size]));
    return { who: "floor" as const, aws, size, step: name, wallMs: performance.now() - start, calls };
  };
  const warmUp = Array.from({ length: WARM_UP_SIZE }, (_, i) => `warm-up-${i}`);
  await inParallel(warmUp, (role) => make(iam, role));
  await inParallel(warmUp, (role) => unmake(iam, role));
  const measurements = [
    await step("create", ["CreateRole", "PutRolePolicy", "CreateInstanceProfile", "AddRole"], (role) =>
      make(iam, role),
    ),
    await step("destroy", ["RemoveRole", "DeleteInstanceProfile", "DeleteRolePolicy", "DeleteRole"], (role) =>
      unmake(iam, role),
    ),
  ];
  iam.destroy();
  return measurements;
}

async function make(iam: IAMClient, RoleName: string): Promise<void> {
  const InstanceProfileName = RoleName;
  await iam.send(
    new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: TRUST, Tags: [{ Key: "a", Value: "b" }] }),
  );
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: RoleName, PolicyDocument: POLICY }));
  await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName, Tags: [{ Key: "a", Value: "b" }] }));
  await iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName }));
}

async function unmake(iam: IAMClient, RoleName: string): Promise<void> {
  const InstanceProfileName = RoleName;
  await iam.send(new RemoveRoleFromInstanceProfileCommand({ InstanceProfileName, RoleName }));
  await iam.send(new DeleteInstanceProfileCommand({ InstanceProfileName }));
  await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: RoleName }));
  await iam.send(new DeleteRoleCommand({ RoleName }));
}

async function inParallel(items: readonly string[], work: (item: string) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) await work(items[i] as string);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}
