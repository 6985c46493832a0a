import { CreateRoleCommand, IAMClient, UpdateRoleCommand } from "@aws-sdk/client-iam";
import { systemClock } from "../../src/runtime/clock.ts";
import { type AwsSandbox, startAwsSandbox } from "../../src/sandbox/aws/server.ts";
import { DRIFT_EVENTS } from "../../src/sandbox/aws/sqs/queues.ts";
import { directAws } from "../support/direct-aws.ts";
import { startSandboxProcess } from "../support/sandbox-process.ts";
import { Cluster } from "./cluster.ts";
import type { Costs } from "./costs.ts";
import { type MeasuredController, startMeasured } from "./measured-controller.ts";

const EVENTS = 10_000;
/** In a minute. */
const PER_SECOND = EVENTS / 60;
const STEP_MS = 50;
/** Fewer than the queue of the sandbox holds. */
const AT_ONCE = 1_000;
/** So many events until Node has compiled what handles them, which else is a fifth of the cost of 10,000. */
const WARM_UP = 5_000;
/** Serving the metrics costs the controller more than some events. */
const POLL_MS = 2_000;
const OBJECTS = ["bench-0"];
const OTHER = "other";
const WITHIN_MS = 60_000;

interface Site {
  readonly aws: AwsSandbox;
  readonly controller: MeasuredController;
}

const TRUST = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: ["ec2.amazonaws.com"] }, Action: ["sts:AssumeRole"] }],
});

/** Events about a role of others, from an event queue, with the requests that bring them. */
export async function measureEvents(scale: number): Promise<Costs> {
  const events = Math.round(EVENTS * scale);
  const sandbox = await startSandboxProcess();
  // In this process, which only waits: it sees each request.
  const aws = await startAwsSandbox();
  const args = ["--event-queue-url", `${aws.url}/${aws.accountId}/${DRIFT_EVENTS}`];
  try {
    const cluster = new Cluster(sandbox.kubeUrl);
    await cluster.empty();
    const controller = await startMeasured({ kubeconfig: sandbox.kubeconfig, awsUrl: aws.url, args });
    try {
      await cluster.createAll(OBJECTS);
      await cluster.untilReady(OBJECTS.length);
      await iamOf(aws).send(new CreateRoleCommand({ RoleName: OTHER, AssumeRolePolicyDocument: TRUST }));
      await controller.untilQuiet();
      return await costOf(events, { aws, controller });
    } finally {
      await controller.stop();
    }
  } finally {
    await aws.close();
    await sandbox.stop();
  }
}

async function costOf(events: number, { aws, controller }: Site): Promise<Costs> {
  for (let sent = 0; sent < WARM_UP; sent += AT_ONCE)
    await sendAndRead(controller, () => change(aws, AT_ONCE), AT_ONCE);
  aws.calls.reset();
  const startMs = performance.now();
  const busyMs = await cpuOf(controller, () => sendAndRead(controller, () => changeEvenly(aws, events), events));
  const durationMs = performance.now() - startMs;
  const idleMs = await cpuOf(controller, () => systemClock.sleep(durationMs));
  const ofController = aws.calls.all.filter(
    ({ service, accessKeyId }) => service !== "sqs" && accessKeyId !== OTHER,
  ).length;
  const name = `${events} events a minute about roles of others, beyond idle`;
  return [
    [name, "CPU ms", busyMs - idleMs],
    [name, "requests", ofController],
  ];
}

async function cpuOf(controller: MeasuredController, work: () => Promise<void>): Promise<number> {
  const before = await controller.counts();
  await work();
  return (await controller.countsSince(before)).cpuMs;
}

async function sendAndRead(controller: MeasuredController, send: () => Promise<void>, events: number): Promise<void> {
  const before = await unmatched(controller);
  await send();
  for (const endMs = performance.now() + WITHIN_MS; performance.now() < endMs; await systemClock.sleep(POLL_MS)) {
    if ((await unmatched(controller)) - before >= events) return;
  }
  throw new Error("the events were not read");
}

/** Changes the role so many times, at {@link PER_SECOND}. */
async function changeEvenly(aws: AwsSandbox, times: number): Promise<void> {
  const startMs = performance.now();
  for (let sent = 0; sent < times; await systemClock.sleep(STEP_MS)) {
    const due = Math.min(times, Math.ceil(((performance.now() - startMs) / 1_000) * PER_SECOND));
    await change(aws, due - sent);
    sent = due;
  }
}

function iamOf(aws: AwsSandbox): IAMClient {
  const credentials = { accessKeyId: OTHER, secretAccessKey: OTHER };
  return new IAMClient({ region: "us-east-1", credentials, requestHandler: directAws(aws) });
}

/** Changes the role so many times. */
async function change(aws: AwsSandbox, times: number): Promise<void> {
  const iam = iamOf(aws);
  for (let i = 0; i < times; i++) await iam.send(new UpdateRoleCommand({ RoleName: OTHER, Description: `edit ${i}` }));
}

/** How many events so far were about nothing that an object has. */
async function unmatched(controller: MeasuredController): Promise<number> {
  const count = /_event_queue_messages_total\{[^}]*result="unmatched"[^}]*\} (\d+)/;
  return Number(count.exec(await controller.metrics())?.[1] ?? 0);
}
