/**
 * Measures a controller that starts on a large cluster: the time until its cache is filled, its memory, and how soon an edit
 * reaches AWS that is made while everything else waits for its first look.
 *
 *     npm run bench:sync [-- --objects 5000] [--json FILE]
 *
 * A real kube-apiserver and etcd (from KUBEBUILDER_ASSETS, else /usr/local/kubebuilder/bin), the sandbox's AWS, and the
 * controller as in the image: one bundled file, a process of its own, with the heap that deploy/ gives it.
 */
import { spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { findControlPlane } from "../support/control-plane.ts";
import { freePort } from "../support/free-port.ts";
import { type KubeApi, openKubeApi } from "../support/kube-api.ts";
import { s3ReadOnly } from "../support/manifest.ts";
import { OwnCluster } from "../support/own-cluster.ts";
import { keptKubeApi } from "../support/plain-kube-api.ts";
import { type BackgroundProcess, startProcess } from "../support/run-process.ts";
import { settledStatus } from "./settled-status.ts";

const BUILD = join(import.meta.dirname, "../../scripts/build.ts");
const PROFILES = "/apis/iam.instanceprofile.dev/v1beta1/namespaces/default/instanceprofiles";
const READY_WITHIN_MS = 180_000;
/** 65 % of 384 MiB, as the image gives it in deploy/. */
const NODE_OPTIONS = "--max-old-space-size=249";

const { values } = parseArgs({ options: { objects: { type: "string", default: "5000" }, json: { type: "string" } } });
const source = findControlPlane(process.env);
if (source.kind !== "assets")
  throw new Error(source.kind === "missing" ? source.howToGetIt : "needs a cluster of its own");

const cluster = await OwnCluster.open(source);
try {
  const result = await measure(cluster, Number(values.objects));
  const text = JSON.stringify(result, null, 2);
  console.log(text);
  if (values.json !== undefined) await writeFile(values.json, `${text}\n`);
} finally {
  await cluster.close();
}

async function measure({ aws, controlPlane, kubeconfig, folder }: OwnCluster, objects: number): Promise<object> {
  const admin = openKubeApi(controlPlane.adminKubeconfig);
  const api = await keptKubeApi(admin, controlPlane.adminKubeconfig);
  const names = Array.from({ length: objects }, (_, i) => `bench-${String(i).padStart(6, "0")}`);
  await inParallel(names, (name) => create(api, name));
  const built = spawnSync(process.execPath, [BUILD, folder], { encoding: "utf8" });
  if (built.status !== 0) throw new Error(built.stderr);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const startMs = performance.now();
  const args = [
    join(folder, "main.mjs"),
    "run",
    "--kubeconfig",
    kubeconfig,
    ...["metrics", "health-probe"].map((of) => `--${of}-bind-address=127.0.0.1:${port}`),
  ];
  const controller = startProcess(process.execPath, args, {
    logFile: join(folder, "controller.log"),
    env: {
      NODE_OPTIONS,
      AWS_ENDPOINT_URL: aws.url,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "a",
      AWS_SECRET_ACCESS_KEY: "b",
    },
  });
  try {
    await controller.untilReady(async () => ((await fetch(`${url}/readyz`)).ok ? true : undefined), READY_WITHIN_MS);
    const startToSyncedMs = Math.round(performance.now() - startMs);
    const synced = await memoryOf(url);
    const edit = await edited(cluster, api, names.at(-1) ?? "", controller);
    const machine = `${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
    return {
      machine,
      load: await loadAverage(),
      objects,
      startToSyncedMs,
      synced,
      edit,
      afterEdit: await memoryOf(url),
    };
  } finally {
    await controller.stop();
  }
}

/** As if it had been in step with AWS before: the controller has written its status, and looks at it at its leisure. */
async function create(api: KubeApi, name: string): Promise<void> {
  const body = s3ReadOnly(
    { namespace: "default", name },
    { description: "made by the bench", tags: { team: "bench" } },
  );
  await api.expectOk({ method: "POST", path: PROFILES, body });
  const status = { status: settledStatus(name) };
  const contentType = "application/merge-patch+json";
  await api.expectOk({ method: "PATCH", path: `${PROFILES}/${name}/status`, body: status, contentType });
}

/** An edit of the object whose turn would come last; how soon AWS has it, and how many came before it. */
async function edited({ aws }: OwnCluster, api: KubeApi, name: string, controller: BackgroundProcess): Promise<object> {
  const startMs = performance.now();
  const body = { spec: { description: "edited" } };
  await api.expectOk({
    method: "PATCH",
    path: `${PROFILES}/${name}`,
    body,
    contentType: "application/merge-patch+json",
  });
  await controller.untilReady(async () => aws.snapshot().roles[name]?.description === "edited" || undefined, 60_000);
  const reachedAwsMs = Math.round(performance.now() - startMs);
  return { reachedAwsMs, rolesMadeBefore: Object.keys(aws.snapshot().roles).length - 1 };
}

async function memoryOf(url: string): Promise<object> {
  // The first garbage collection after the list.
  await delay(2_000);
  const text = await (await fetch(`${url}/metrics`)).text();
  const mebibytes = (name: string): number => {
    return Math.round(Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]) / 2 ** 20);
  };
  return {
    rssMiB: mebibytes("process_resident_memory_bytes"),
    heapUsedMiB: mebibytes("nodejs_heap_size_used_bytes"),
    objects: Number(/_cache_objects\{[^}]*\} (\d+)/.exec(text)?.[1]),
    listMs: Math.round(1_000 * Number(/_last_list_duration_seconds\{[^}]*\} (\S+)/.exec(text)?.[1])),
    queued: Number(/^workqueue_depth\{[^}]*priority="-\d+"\} (\d+)/m.exec(text)?.[1] ?? 0),
  };
}

async function loadAverage(): Promise<string> {
  return (await readFile("/proc/loadavg", "utf8").catch(() => "")).split(" ").slice(0, 3).join(" ");
}

async function inParallel(items: readonly string[], work: (item: string) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) await work(items[i] as string);
  };
  await Promise.all(Array.from({ length: 20 }, worker));
}
