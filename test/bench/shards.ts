/**
 * Measures how the work of many accounts is divided: real processes of the bundled program, one with all accounts and then several with
 * shards, against the sandbox's API server and AWS.
 *
 *     npm run bench:shards [-- --accounts 30] [--each 10] [--replicas 3] [--shards 6] [--json FILE]
 *
 * What counts is the processor time of the busiest replica: the time from start to end depends on how many cores the machine has for the
 * replicas and for the servers, which are in this process.
 */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, loadavg, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { readShippedCrds } from "../../src/cli/manifests/crd-file.ts";
import { startAwsSandbox } from "../../src/sandbox/aws/server.ts";
import { startKubeApi } from "../../src/sandbox/kube/server.ts";
import { ClusterUser, readyOf } from "../support/cluster-user.ts";
import { freePort } from "../support/free-port.ts";
import { s3ReadOnly } from "../support/manifest.ts";
import { HOME_ACCOUNT, openAccounts } from "../support/many-accounts.ts";
import { plainKubeApi } from "../support/plain-kube-api.ts";
import { type BackgroundProcess, startProcess } from "../support/run-process.ts";

const ROOT = join(import.meta.dirname, "../..");
const CLASSES = "/apis/iam.instanceprofile.dev/v1beta1/instanceprofileclasses";
const CLASS = { apiVersion: "iam.instanceprofile.dev/v1beta1", kind: "InstanceProfileClass" };
const READY_WITHIN_MS = 600_000;
const number = (fallback: string) => ({ type: "string", default: fallback }) as const;

const { values } = parseArgs({
  options: {
    accounts: number("30"),
    each: number("10"),
    replicas: number("3"),
    shards: number("6"),
    json: { type: "string" },
  },
});
const [accounts, each] = [Number(values.accounts), Number(values.each)];

const folder = await mkdtemp(join(tmpdir(), "bench-shards-"));
try {
  const built = spawnSync(process.execPath, [join(ROOT, "scripts/build.ts"), folder], { encoding: "utf8" });
  if (built.status !== 0) throw new Error(built.stderr);
  const one = await measure(1, 1);
  const several = await measure(Number(values.replicas), Number(values.shards));
  const machine = `${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
  const busiest = (run: Run): number => Math.max(...run.cpuSeconds);
  const lessOfOneProcess = Number((busiest(one) / busiest(several)).toFixed(2));
  const result = { machine, load: loadavg(), accounts, each, one, several, lessOfOneProcess };
  console.log(JSON.stringify(result, null, 2));
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(result, null, 2)}\n`);
} finally {
  await rm(folder, { recursive: true });
}

interface Run {
  readonly replicas: number;
  readonly shards: number;
  readonly seconds: number;
  /** Of each replica, while the objects were created. */
  readonly cpuSeconds: readonly number[];
  readonly awsWrites: number;
}

/** Creates all objects with so many replicas, which have opened and scanned the accounts before. */
async function measure(replicas: number, shards: number): Promise<Run> {
  const kube = await startKubeApi({ definitions: readShippedCrds() });
  const aws = await startAwsSandbox({ accountId: HOME_ACCOUNT });
  const running: BackgroundProcess[] = [];
  try {
    await writeFile(join(folder, "kubeconfig"), kube.kubeconfig());
    const admin = plainKubeApi(kube.url);
    const user = new ClusterUser(admin);
    const opened = await openAccounts(aws.url, accounts);
    for (const { className, spec } of opened)
      await admin.expectOk({ method: "POST", path: CLASSES, body: { ...CLASS, metadata: { name: className }, spec } });
    const urls: string[] = [];
    for (let i = 0; i < replicas; i += 1) {
      const port = await freePort();
      urls.push(`http://127.0.0.1:${port}`);
      running.push(start(`${replicas}-${i}`, aws.url, port, shards));
    }
    // Until the shards are shared and the accounts are scanned.
    for (const [i, url] of urls.entries())
      await running[i]?.untilReady(
        async () => (await metric(url, /_account_scans_total\{.*"ok"\} /)) || undefined,
        120_000,
      );
    await delay(20_000);
    const before = await Promise.all(urls.map(cpuSecondsOf));
    const startMs = performance.now();
    aws.calls.reset();
    for (const { className } of opened)
      for (let i = 0; i < each; i += 1)
        await user.apply(s3ReadOnly({ namespace: "default", name: `app-${className}-${i}` }, { className }));
    await running[0]?.untilReady(async () => {
      await delay(500);
      return (await user.list("default")).every((object) => readyOf(object) === "True InSync") || undefined;
    }, READY_WITHIN_MS);
    const seconds = Number(((performance.now() - startMs) / 1_000).toFixed(1));
    const after = await Promise.all(urls.map(cpuSecondsOf));
    const cpuSeconds = after.map((end, i) => Number((end - (before[i] ?? 0)).toFixed(2)));
    const awsWrites = aws.calls.writes().filter((action) => action !== "AssumeRole").length;
    return { replicas, shards, seconds, cpuSeconds, awsWrites };
  } finally {
    for (const replica of running) await replica.stop();
    await Promise.all([kube.close(), aws.close()]);
  }
}

function start(name: string, awsUrl: string, port: number, shards: number): BackgroundProcess {
  const args = [join(folder, "main.mjs"), "run", "--leader-elect", "--kubeconfig", join(folder, "kubeconfig")];
  const rates = ["--iam-write-qps=1000", "--iam-read-qps=1000", `--metrics-bind-address=127.0.0.1:${port}`];
  return startProcess(process.execPath, [...args, ...rates, `--shards=${shards}`, "--cluster-id=bench"], {
    logFile: join(folder, `controller-${name}.log`),
    env: {
      NODE_OPTIONS: "--max-old-space-size=249",
      AWS_ENDPOINT_URL: awsUrl,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "controller",
      AWS_SECRET_ACCESS_KEY: "bench",
    },
  });
}

/** The sum of the samples whose name and labels match. */
async function metric(url: string, name: RegExp): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const samples = text.split("\n").filter((line) => name.test(line));
  return samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}

function cpuSecondsOf(url: string): Promise<number> {
  return metric(url, /^process_cpu_seconds_total /);
}
