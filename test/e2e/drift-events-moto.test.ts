import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateQueueCommand, GetQueueAttributesCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import {
  type ControllerProcess,
  DEFAULT_SETTINGS,
  NO_LISTENERS,
  startController,
} from "../../src/cli/controller/controller-process.ts";
import { readShippedCrds } from "../../src/cli/manifests/crd-file.ts";
import { SANDBOX_RATES } from "../../src/cli/sandbox/sandbox-aws.ts";
import { loadKubeConfig } from "../../src/kube/kube-config.ts";
import { parseQueueUrl } from "../../src/model/queue-url.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { type KubeApi, startKubeApi } from "../../src/sandbox/kube/server.ts";
import { silentLogger } from "../../src/telemetry.ts";
import { DRIFTING_SPEC, DRIFTS, stepsFor } from "../scenario/drift-stories.ts";
import { ClusterUser, readyOf } from "../support/cluster-user.ts";
import { e2eEnvironment } from "../support/e2e-environment.ts";
import { s3ReadOnly } from "../support/manifest.ts";
import { outsider } from "../support/outsider.ts";
import { plainKubeApi } from "../support/plain-kube-api.ts";

const { awsEndpoint } = e2eEnvironment();
const AWS = {
  endpoint: awsEndpoint ?? "",
  region: "us-east-1",
  credentials: { accessKeyId: "AKIATEST", secretAccessKey: "test" },
};
const QUEUE_URL = `${AWS.endpoint}/123456789012/drift-events`;
const WITHIN = { timeout: 30_000, interval: 100 };
const key = (title: string) => ({ namespace: "default", name: `event-${title.replaceAll(" ", "-")}` });

let kube: KubeApi;
let user: ClusterUser;
let sqs: SQSClient;
let controller: ControllerProcess;
let folder: string;

// The API server is the sandbox's: what is seen here is SQS and IAM of another server.
beforeAll(async () => {
  if (awsEndpoint === undefined) return;
  sqs = new SQSClient(AWS);
  await sqs.send(new CreateQueueCommand({ QueueName: "drift-events" }));
  kube = await startKubeApi({ definitions: readShippedCrds() });
  user = new ClusterUser(plainKubeApi(kube.url));
  folder = await mkdtemp(join(tmpdir(), "drift-events-"));
  await writeFile(join(folder, "kubeconfig"), kube.kubeconfig());
  controller = await startController(
    {
      cluster: loadKubeConfig({ path: join(folder, "kubeconfig"), env: {}, clock: systemClock }),
      aws: AWS,
      awsRates: SANDBOX_RATES,
      clusterId: "drift-events",
      expectedAccountId: undefined,
      settings: { ...DEFAULT_SETTINGS, propagationWindowMs: 0 },
      eventQueues: [parseQueueUrl(QUEUE_URL)].filter((url) => url !== undefined),
      listen: NO_LISTENERS,
      logger: silentLogger,
    },
    new AbortController().signal,
  );
}, 60_000);
afterAll(async () => {
  await controller?.stop();
  sqs?.destroy();
  await kube?.close();
  if (folder !== undefined) await rm(folder, { recursive: true });
});

/** The event that EventBridge would send for the call. */
async function report(action: string, params: Readonly<Record<string, string>>): Promise<void> {
  const named = Object.entries(params).filter(([name]) =>
    /^(?:RoleName|PolicyName|PolicyArn|InstanceProfileName)$/.test(name),
  );
  const requestParameters = Object.fromEntries(
    named.map(([name, value]) => [name[0]?.toLowerCase() + name.slice(1), value]),
  );
  const eventTime = new Date().toISOString();
  const identity = { type: "IAMUser", arn: "arn:aws:iam::123456789012:user/eve" };
  const detail = {
    eventSource: "iam.amazonaws.com",
    eventName: action,
    eventTime,
    requestParameters,
    userIdentity: identity,
  };
  const envelope = { source: "aws.iam", "detail-type": "AWS API Call via CloudTrail", account: "123456789012" };
  await sqs.send(new SendMessageCommand({ QueueUrl: QUEUE_URL, MessageBody: JSON.stringify({ ...envelope, detail }) }));
}

async function isRepairedByEvent(title: string): Promise<void> {
  const { name } = key(title);
  const { steps = [], told = "" } = DRIFTS[title]?.(name, stepsFor(name)) ?? {};
  for (const [action, params] of steps) {
    await outsider(AWS.endpoint, action, params);
    await report(action, params);
  }
  await vi.waitFor(async () => {
    const repairs = (await user.events(key(title))).filter(({ reason }) => reason === "DriftRepaired");
    expect(repairs.map(({ note }) => note).join("; "), title).toContain(told);
    expect(repairs[0]?.note, title).toMatch(/^after \w+ by arn:aws:iam::123456789012:user\/eve at /);
  }, WITHIN);
}

test.skipIf(awsEndpoint === undefined)(
  "every drift on moto is repaired by its event in moto's SQS, and the queue is empty after it",
  { timeout: 120_000 },
  async () => {
    const titles = Object.keys(DRIFTS);
    for (const title of titles) await user.apply(s3ReadOnly(key(title), DRIFTING_SPEC));
    for (const title of titles) {
      await vi.waitFor(async () => expect(readyOf(await user.read(key(title))), title).toBe("True InSync"), WITHIN);
    }
    await Promise.all(titles.map(isRepairedByEvent));
    const AttributeNames = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"] as const;
    await vi.waitFor(async () => {
      const { Attributes } = await sqs.send(
        new GetQueueAttributesCommand({ QueueUrl: QUEUE_URL, AttributeNames: [...AttributeNames] }),
      );
      expect(Attributes).toEqual({ [AttributeNames[0]]: "0", [AttributeNames[1]]: "0" });
    }, WITHIN);
  },
);
