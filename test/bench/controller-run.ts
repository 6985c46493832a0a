import { DEFAULT_SETTINGS, startController } from "../../src/cli/controller-process.ts";
import { loadKubeConfig } from "../../src/kube/kube-config.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { silentLogger } from "../../src/telemetry.ts";
import { UNHURRIED } from "../support/controller-rig.ts";
import type { SandboxProcess } from "../support/sandbox-process.ts";
import { type Measurement, rssMiB } from "./measurement.ts";

/** What the controller is measured on. */
export interface ControllerRunOptions {
  readonly aws: "sandbox" | "moto";
  readonly awsUrl: string;
  readonly size: number;
  readonly sandbox: SandboxProcess;
}

const COLLECTION = "/apis/iam.instanceprofile.dev/v1beta1/namespaces/default/instanceprofiles";
const POLL_MS = 25;
const TIMEOUT_MS = 60_000;

type ObjectSeen = {
  readonly metadata: { readonly name: string; readonly generation: number };
  readonly status?: StatusSeen;
};
type StatusSeen = {
  readonly observedGeneration?: number;
  readonly lastHandledReconcileAt?: string;
  readonly conditions?: readonly { readonly type: string; readonly status: string }[];
};

/** The real controller over real HTTP: N objects made, verified, one edited, all destroyed. */
export async function measureController(options: ControllerRunOptions): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  const { kubeUrl } = options.sandbox;
  const names = Array.from({ length: options.size }, (_, i) => `bench-${i}`);
  let controller = await start(options);
  const step = async (name: string, ask: () => Promise<void>, isDone: (objects: readonly ObjectSeen[]) => boolean) => {
    const before = await scrape(controller.urls);
    const startMs = performance.now();
    await ask();
    await until(kubeUrl, isDone);
    const wallMs = performance.now() - startMs;
    const { calls, kubeWrites } = difference(await scrape(controller.urls), before);
    const { aws, size } = options;
    measurements.push({ who: "controller", aws, size, step: name, wallMs, calls, kubeWrites, rssMiB: rssMiB() });
  };
  const send = (method: string, path: string, body?: unknown, type = "application/json") =>
    request(kubeUrl, method, path, body, type);
  const forAll = (work: (name: string) => Promise<void>): Promise<void> => inBatches(names, work);

  await step(
    "create",
    () => forAll((name) => send("POST", COLLECTION, manifest(name))),
    (all) => all.length === names.length && all.every(isReady),
  );
  const reconcileAt = { metadata: { annotations: { "iam.instanceprofile.dev/reconcile-at": "1" } } };
  await step(
    "verify, nothing changed",
    () => forAll((name) => send("PATCH", `${COLLECTION}/${name}`, reconcileAt, "application/merge-patch+json")),
    (all) => all.every(({ status }) => status?.lastHandledReconcileAt === "1"),
  );
  await step(
    "edit one",
    () => send("PATCH", `${COLLECTION}/bench-0`, { spec: { description: "edited" } }, "application/merge-patch+json"),
    (all) => all.every(isReady),
  );
  await controller.stop();
  controller = await start(options);
  await step(
    "destroy",
    () => forAll((name) => send("DELETE", `${COLLECTION}/${name}`)),
    (all) => all.length === 0,
  );
  await controller.stop();
  return measurements;
}

function start({ sandbox, awsUrl }: ControllerRunOptions): ReturnType<typeof startController> {
  return startController(
    {
      cluster: loadKubeConfig({ path: sandbox.kubeconfig, env: {}, clock: systemClock }),
      aws: { endpoint: awsUrl, region: "us-east-1", credentials: { accessKeyId: "bench", secretAccessKey: "bench" } },
      awsRates: UNHURRIED,
      namespace: undefined,
      clusterId: undefined,
      expectedAccountId: undefined,
      settings: DEFAULT_SETTINGS,
      listen: { probes: "0", metrics: "127.0.0.1:0" },
      logger: silentLogger,
    },
    new AbortController().signal,
  );
}

function manifest(name: string): unknown {
  const statements = [{ sid: "Read", effect: "Allow", actions: ["s3:Get*", "s3:List*"], resources: ["*"] }];
  return {
    apiVersion: "iam.instanceprofile.dev/v1beta1",
    kind: "InstanceProfile",
    metadata: { name, namespace: "default" },
    spec: { roleName: name, statements },
  };
}

function isReady({ metadata, status }: ObjectSeen): boolean {
  const isTrue = status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True");
  return isTrue === true && status?.observedGeneration === metadata.generation;
}

async function until(url: string, isDone: (objects: readonly ObjectSeen[]) => boolean): Promise<void> {
  for (const end = performance.now() + TIMEOUT_MS; performance.now() < end; await systemClock.sleep(POLL_MS)) {
    if (isDone(await ourObjects(url))) return;
  }
  const left = (await ourObjects(url)).find((object) => !isReady(object));
  throw new Error(`the controller did not get there in time, one of those left: ${JSON.stringify(left)}`);
}

/** Without the sample that the sandbox begins with. */
async function ourObjects(url: string): Promise<readonly ObjectSeen[]> {
  const { items } = (await (await fetch(`${url}${COLLECTION}`)).json()) as { readonly items: readonly ObjectSeen[] };
  return items.filter(({ metadata }) => metadata.name.startsWith("bench-"));
}

async function request(url: string, method: string, path: string, body: unknown, type: string): Promise<void> {
  const payload = body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": type } };
  const reply = await fetch(`${url}${path}`, { method, ...payload });
  if (!reply.ok) throw new Error(`${method} ${path}: ${await reply.text()}`);
  await reply.arrayBuffer();
}

async function inBatches(names: readonly string[], work: (name: string) => Promise<void>): Promise<void> {
  for (let i = 0; i < names.length; i += 20) await Promise.all(names.slice(i, i + 20).map(work));
}

interface Counts {
  readonly calls: Readonly<Record<string, number>>;
  readonly kubeWrites: number;
}

/** The controller's own counters, by what they say of AWS and of the API server. */
async function scrape(urls: readonly string[]): Promise<Counts> {
  const text = await (await fetch(`${urls.at(-1)}/metrics`)).text();
  const calls: Record<string, number> = {};
  for (const [, operation = "", n] of text.matchAll(/_aws_requests_total\{[^}]*operation="(\w+)"[^}]*\} (\d+)/g)) {
    calls[operation] = (calls[operation] ?? 0) + Number(n);
  }
  let kubeWrites = 0;
  for (const [, n] of text.matchAll(/rest_client_requests_total\{[^}]*method="PATCH"[^}]*\} (\d+)/g))
    kubeWrites += Number(n);
  return { calls, kubeWrites };
}

function difference(now: Counts, before: Counts): Counts {
  const calls = Object.entries(now.calls).map(([action, n]) => [action, n - (before.calls[action] ?? 0)]);
  return { calls: Object.fromEntries(calls), kubeWrites: now.kubeWrites - before.kubeWrites };
}
