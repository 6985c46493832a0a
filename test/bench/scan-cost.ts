import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { type AwsSandbox, startAwsSandbox } from "../../src/sandbox/aws/server.ts";
import { directAws } from "../support/direct-aws.ts";
import { type SandboxProcess, startSandboxProcess } from "../support/sandbox-process.ts";
import { Cluster, until } from "./cluster.ts";
import type { Costs } from "./costs.ts";
import { startMeasured } from "./measured-controller.ts";

const ROLES = 10_000;
/** A list of 10,000 roles: an account whose quota was raised. */
const QUOTAS = { roles: ROLES + 100 };
const OBJECT = "bench-0";
const TRUST = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: ["ec2.amazonaws.com"] }, Action: ["sts:AssumeRole"] }],
});
const POLICY = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Sid: "Read", Effect: "Allow", Action: ["s3:Get*", "s3:List*"], Resource: ["*"] }],
});

/** A scan of an account with many roles of others, and an edit of an object meanwhile. */
export async function measureScan(scale: number): Promise<Costs> {
  const roles = Math.round(ROLES * scale);
  const sandbox = await startSandboxProcess();
  // In this process, which only waits: its calls are seen at once.
  const aws = await startAwsSandbox({ quotas: QUOTAS });
  try {
    await fill(aws, roles);
    const place = { kubeconfig: sandbox.kubeconfig, awsUrl: aws.url };
    const cluster = new Cluster(sandbox.kubeUrl);
    await cluster.empty();
    const first = await startMeasured(place);
    await cluster.createAll([OBJECT]);
    await cluster.untilReady(1);
    await first.stop();
    return await scanAndEdit(aws, sandbox, roles);
  } finally {
    await aws.close();
    await sandbox.stop();
  }
}

async function scanAndEdit(aws: AwsSandbox, sandbox: SandboxProcess, roles: number): Promise<Costs> {
  aws.calls.reset();
  const controller = await startMeasured({ kubeconfig: sandbox.kubeconfig, awsUrl: aws.url, isProbed: true });
  try {
    const seen = (action: string): number => aws.calls.matching({ action }).length;
    await until(async () => seen("GetAccountAuthorizationDetails") > 0, "the scan did not begin");
    const startMs = performance.now();
    // What was loaded at the start is no part of a scan.
    controller.resetProbe();
    await new Cluster(sandbox.kubeUrl).describe(OBJECT, "edited");
    await until(async () => seen("UpdateRole") > 0, "the edit did not reach AWS");
    const editMs = performance.now() - startMs;
    const scanMs = (await controller.untilQuiet()) - startMs;
    const { cpuMs, rssMiB } = await controller.counts();
    const { blockCpuMs, p99CpuMs } = await controller.probe();
    const name = `first scan of ${roles} roles`;
    return [
      [name, "wall ms", scanMs],
      [`start and ${name}`, "CPU ms", cpuMs],
      [name, "requests", aws.calls.all.length],
      [name, "longest block ms", blockCpuMs],
      [`${name}, 99 of 100 turns`, "longest block ms", p99CpuMs],
      [name, "RSS MiB", rssMiB],
      ["an edit during that scan, until it is in AWS", "wall ms", editMs],
    ];
  } finally {
    await controller.stop();
  }
}

async function fill(aws: AwsSandbox, roles: number): Promise<void> {
  const credentials = { accessKeyId: "other", secretAccessKey: "other" };
  const iam = new IAMClient({ region: "us-east-1", credentials, requestHandler: directAws(aws) });
  for (let i = 0; i < roles; i++) {
    const RoleName = `other-${i}`;
    await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: TRUST }));
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: RoleName, PolicyDocument: POLICY }));
  }
}
