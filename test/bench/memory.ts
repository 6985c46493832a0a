/**
 * Measures the memory of the bundle, as a process with the flags of the image: after it has created N objects, and after a restart, the
 * first scan and more scans.
 *
 *     npm run bench:memory [-- --objects 200 --objects 5000 --scans 10 --scan-interval 10s --accounts 100 --json FILE]
 *
 * With `--accounts`, the objects are divided among so many accounts, each with a class. `--scans 144 --scan-interval 10s` scans as often as a
 * controller does in a day, in 24 minutes, and shows whether memory grows: there is a sample after each quarter. The objects are created
 * at the default interval.
 *
 * On the sandbox, a process of its own. Memory depends little on other work on the machine.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { freePort } from "../support/free-port.ts";
import { type OpenAccount, openAccounts } from "../support/many-accounts.ts";
import { type SandboxProcess, startSandboxProcess } from "../support/sandbox-process.ts";
import { Cluster, until } from "./cluster.ts";
import { imageEnv, imageFlags } from "./image-flags.ts";

const ROOT = join(import.meta.dirname, "../..");
/** More scans than that would be most of the work, with many accounts. */
const DEFAULT_SCAN_INTERVAL = "10m";
const QUARTERS = [1, 2, 3, 4] as const;
/** Flags to try beside those of the image. */
const EXTRA_FLAGS = (process.env["BENCH_FLAGS"] ?? "").split(" ").filter((flag) => flag !== "");

const { values } = parseArgs({
  options: {
    objects: { type: "string", multiple: true, default: ["200", "5000"] },
    scans: { type: "string", default: "5" },
    "scan-interval": { type: "string", default: "10s" },
    accounts: { type: "string", default: "0" },
    json: { type: "string" },
  },
});

/** Where the program is, and what it is to do there. */
interface Run {
  readonly program: string;
  readonly sandbox: SandboxProcess;
}

interface Sample {
  readonly objects: number;
  readonly when: string;
  readonly rssMiB: number;
  /** The largest so far. */
  readonly peakMiB: number;
  readonly heapUsedMiB: number;
}

async function bundle(to: string): Promise<string> {
  const { status, stderr } = spawnSync(process.execPath, [join(ROOT, "scripts/build.ts"), join(to, "dist")]);
  if (status !== 0) throw new Error(`scripts/build.ts: ${stderr.toString()}`);
  await cp(join(ROOT, "crds"), join(to, "crds"), { recursive: true });
  return join(to, "dist/main.mjs");
}

async function measured(objects: number, program: string): Promise<readonly Sample[]> {
  const sandbox = await startSandboxProcess();
  try {
    const run = { program, sandbox };
    const cluster = new Cluster(sandbox.kubeUrl);
    await cluster.deleteAll(["s3-read-only"]);
    const accounts = await openAccounts(sandbox.awsUrl, Number(values.accounts));
    for (const { className, spec } of accounts) await cluster.createClass(className, spec);
    const sampleOf = (when: string, controller: Controller) => controller.sample(objects, when);
    const first = await Controller.start(run, DEFAULT_SCAN_INTERVAL);
    await first.untilScans(1);
    await createObjects(cluster, objects, accounts);
    await cluster.untilReady(objects);
    const created = await sampleOf("created", first);
    await first.stop();
    const second = await Controller.start(run, values["scan-interval"]);
    await second.untilScans(1, Math.max(1, accounts.length));
    const started = await sampleOf("started and scanned", second);
    const later: Sample[] = [];
    for (const scans of samplePoints(Number(values.scans))) {
      await second.untilScans(scans, Math.max(1, accounts.length));
      later.push(await sampleOf(`after ${scans} scans`, second));
    }
    await second.stop();
    return [created, started, ...later];
  } finally {
    await sandbox.stop();
  }
}

/** After which scans there is a sample: each quarter of many. */
function samplePoints(scans: number): readonly number[] {
  return scans < 20 ? [scans] : QUARTERS.map((quarter) => Math.round((scans * quarter) / QUARTERS.length));
}

async function createObjects(cluster: Cluster, count: number, accounts: readonly OpenAccount[]): Promise<void> {
  const names = Array.from({ length: count }, (_, i) => `bench-${i}`);
  if (accounts.length === 0) return cluster.createAll(names);
  for (const [index, { className }] of accounts.entries()) {
    await cluster.createAll(
      names.filter((_, i) => i % accounts.length === index),
      { className },
    );
  }
}

/** The bundle as a process. */
class Controller {
  readonly #process: ChildProcess;
  readonly #url: string;

  private constructor(process: ChildProcess, url: string) {
    this.#process = process;
    this.#url = url;
  }

  static async start({ program, sandbox }: Run, scanInterval: string): Promise<Controller> {
    const address = `127.0.0.1:${await freePort()}`;
    const limits = ["iam", "ec2"].flatMap((service) =>
      ["read", "write"].flatMap((kind) => [`--${service}-${kind}-qps`, "100000"]),
    );
    const args = [program, "run", "--kubeconfig", sandbox.kubeconfig, "--metrics-bind-address", address];
    const options = ["--log-level", "error", "--account-scan-interval", scanInterval, ...limits];
    const env = {
      ...process.env,
      ...(await imageEnv()),
      AWS_ENDPOINT_URL: sandbox.awsUrl,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "bench",
      AWS_SECRET_ACCESS_KEY: "bench",
    };
    const flags = [...(await imageFlags()), ...EXTRA_FLAGS];
    const child = spawn(process.execPath, [...flags, ...args, ...options], {
      env,
      stdio: ["ignore", "ignore", "inherit"],
    });
    const url = `http://${address}/metrics`;
    await until(async () => (await fetch(url).catch(() => undefined))?.ok === true, "the controller did not start");
    return new Controller(child, url);
  }

  /** Waits until so many scans of each of so many accounts have ended. */
  async untilScans(count: number, accounts = 1): Promise<void> {
    const ended = /_account_scans_total\{[^}]*result="ok"[^}]*\} (\d+)/g;
    const isMet = (text: string): boolean =>
      [...text.matchAll(ended)].filter(([, scans]) => Number(scans) >= count).length >= accounts;
    while (!isMet(await this.#metrics())) await delay(1_000);
  }

  /** After the time in which the collector has done its work. */
  async sample(objects: number, when: string): Promise<Sample> {
    await delay(5_000);
    const status = await readFile(`/proc/${this.#process.pid}/status`, "utf8");
    const kibibytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]);
    const heap = Number(/^nodejs_heap_size_used_bytes (\S+)$/m.exec(await this.#metrics())?.[1]);
    return {
      objects,
      when,
      rssMiB: Math.round(kibibytes("VmRSS") / 1_024),
      peakMiB: Math.round(kibibytes("VmHWM") / 1_024),
      heapUsedMiB: Math.round(heap / 2 ** 20),
    };
  }

  async stop(): Promise<void> {
    const exited = once(this.#process, "exit");
    this.#process.kill("SIGTERM");
    await exited;
  }

  async #metrics(): Promise<string> {
    return (await fetch(this.#url)).text();
  }
}

function tableOf(samples: readonly Sample[]): string {
  const head = ["objects", "when", "RSS, MiB", "largest RSS, MiB", "heap in use, MiB"];
  const rows = samples.map((s) => [s.objects, s.when, s.rssMiB, s.peakMiB, s.heapUsedMiB]);
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

const folder = await mkdtemp(join(tmpdir(), "bench-memory-"));
try {
  const program = await bundle(folder);
  const samples: Sample[] = [];
  for (const objects of values.objects.map(Number)) samples.push(...(await measured(objects, program)));
  console.log(tableOf(samples));
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(samples, null, 2)}\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
