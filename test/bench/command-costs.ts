import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../support/kubectl.ts";
import { PROGRAM } from "../support/program.ts";
import { startSandboxProcess } from "../support/sandbox-process.ts";
import { Cluster, manifest } from "./cluster.ts";
import type { Costs } from "./costs.ts";
import { imageFlags } from "./image-flags.ts";
import { startMeasured } from "./measured-controller.ts";

const PROBE = join(import.meta.dirname, "usage-probe.mjs");
const OBJECTS = 200;
const REPORTED = 1_000;
/** An export sends ten requests a second. */
const WITHIN_MS = 300_000;
/** `report` has findings. */
const FOUND = 2;
const CLUSTER_ID = "bench";

/** `plan` of manifests that are in sync, and `export` of their roles, each a process as in a pipeline. */
export function measureCommands(scale: number): Promise<Costs> {
  return withObjects(Math.round(OBJECTS * scale), async ({ names, folder, run }) => {
    const file = join(folder, "manifests.json");
    await writeFile(file, names.map((name) => JSON.stringify(manifest(name))).join("\n---\n"));
    const plan = await run(["plan", "-f", file, "--cluster-id", CLUSTER_ID]);
    const exported = await run(["export", "--path-prefix", "/"]);
    return [
      ...costsOf(`plan of ${names.length} manifests in sync`, plan),
      ...costsOf(`export of ${names.length} roles`, exported),
    ];
  });
}

/** `report` on objects whose roles nobody has used, from one scan of the account. */
export function measureReport(scale: number): Promise<Costs> {
  return withObjects(Math.round(REPORTED * scale), async ({ names, kubeconfig, run }) => {
    const report = await run(["report", "--kubeconfig", kubeconfig, "-o", "json"]);
    return costsOf(`report on ${names.length} objects`, report);
  });
}

/** Objects that the controller has put into AWS, and commands about them. */
interface Site {
  readonly names: readonly string[];
  readonly folder: string;
  readonly kubeconfig: string;
  readonly run: (args: readonly string[]) => Promise<Usage>;
}

async function withObjects(count: number, measure: (site: Site) => Promise<Costs>): Promise<Costs> {
  const sandbox = await startSandboxProcess();
  const folder = await mkdtemp(join(tmpdir(), "bench-commands-"));
  try {
    const { kubeconfig, awsUrl } = sandbox;
    const controller = await startMeasured({ kubeconfig, awsUrl, args: ["--cluster-id", CLUSTER_ID] });
    const names = Array.from({ length: count }, (_, i) => `bench-${i}`);
    const cluster = new Cluster(sandbox.kubeUrl);
    await cluster.empty();
    await cluster.createAll(names);
    await cluster.untilReady(count);
    await controller.stop();
    return await measure({ names, folder, kubeconfig, run: (args) => runProgram(folder, awsUrl, args) });
  } finally {
    await sandbox.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** What a process has used. */
interface Usage {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly rssMiB: number;
}

function costsOf(name: string, { wallMs, cpuMs, rssMiB }: Usage): Costs {
  return [
    [name, "wall ms", wallMs],
    [name, "CPU ms", cpuMs],
    [name, "RSS MiB", rssMiB],
  ];
}

async function runProgram(folder: string, awsUrl: string, args: readonly string[]): Promise<Usage> {
  const usageFile = join(folder, "usage");
  const env = {
    USAGE_FILE: usageFile,
    AWS_ENDPOINT_URL: awsUrl,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "bench",
    AWS_SECRET_ACCESS_KEY: "bench",
    KUBECONFIG: "/dev/null",
  };
  const startMs = performance.now();
  const command = [...(await imageFlags()), `--import=${PROBE}`, PROGRAM, ...args];
  const { code, stdout, stderr } = await runCommand(process.execPath, command, { env, timeoutMs: WITHIN_MS });
  const wallMs = performance.now() - startMs;
  if ((code !== 0 && code !== FOUND) || !stdout.includes(`bench-0`))
    throw new Error(`${args[0]} ended with ${code}: ${stderr}${stdout.slice(-2_000)}`);
  return { wallMs, ...(JSON.parse(await readFile(usageFile, "utf8")) as Omit<Usage, "wallMs">) };
}
