import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { PROGRAM } from "./program.ts";
import { type BackgroundProcess, startProcess } from "./run-process.ts";
import type { SandboxProcess } from "./sandbox-process.ts";

const PROBE = join(import.meta.dirname, "event-loop-probe.ts");
/** 65 % of 384 MiB, as the image gives it in deploy/. */
const HEAP = "--max-old-space-size=249";

/** The blocks of the event loop since the start was over, and the largest heap seen. */
export interface ProbeReading {
  /** The longest. */
  readonly blockMs: number;
  /** The longest in processor time of the loop's thread. */
  readonly blockCpuMs: number;
  /** The longest of all but one in a hundred turns, in the same time. */
  readonly p99CpuMs: number;
  readonly heapMib: number;
}

/** `run` in a process of its own, with the heap of a pod. */
export interface PodController extends BackgroundProcess {
  /** Errors: nothing was measured yet. */
  probe(): Promise<ProbeReading>;
}

/** Starts it against a sandbox and resolves when it has seen the cluster. `name` tells its files in `folder` from others. */
export async function startPodController(
  sandbox: SandboxProcess,
  folder: string,
  name: string,
): Promise<PodController> {
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const probeFile = join(folder, `${name}.probe`);
  const addresses = ["metrics", "health-probe"].map((of) => `--${of}-bind-address=${address}`);
  const run = startProcess(
    process.execPath,
    [HEAP, `--import=${PROBE}`, PROGRAM, "run", "--kubeconfig", sandbox.kubeconfig, ...addresses],
    {
      logFile: join(folder, `${name}.log`),
      env: {
        PROBE_FILE: probeFile,
        AWS_ENDPOINT_URL: sandbox.awsUrl,
        AWS_REGION: "us-east-1",
        AWS_ACCESS_KEY_ID: "a",
        AWS_SECRET_ACCESS_KEY: "b",
      },
    },
  );
  const isReady = async (): Promise<true | undefined> => (await fetch(`http://${address}/readyz`)).ok || undefined;
  await run.untilReady(isReady, 30_000).catch(async (error: unknown) => {
    await run.stop();
    throw error;
  });
  return { ...run, probe: async () => JSON.parse(await readFile(probeFile, "utf8")) };
}
