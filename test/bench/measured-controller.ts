import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/runtime/clock.ts";
import { freePort } from "../support/free-port.ts";
import type { ProbeReading } from "../support/pod-controller.ts";
import { PROGRAM } from "../support/program.ts";
import { startProcess } from "../support/run-process.ts";
import { imageEnv, imageFlags } from "./image-flags.ts";

const PROBE = join(import.meta.dirname, "../support/event-loop-probe.ts");
const READY_WITHIN_MS = 60_000;
/** So long without a call, and nothing more comes. */
const QUIET_MS = 3_000;
const POLL_MS = 100;
/** So long without a write to the API server, and all Events are told. */
const TOLD_MS = 500;

/** What a controller's own counters say. */
export interface Counts {
  /** Calls to AWS by action. */
  readonly calls: Readonly<Record<string, number>>;
  readonly kubeWrites: number;
  readonly rssMiB: number;
  /** Processor time of the process. */
  readonly cpuMs: number;
}

/** A controller in a process of its own, which the bench knows by its metrics alone. */
export interface MeasuredController {
  counts(): Promise<Counts>;
  /** What it has made since, once all that it has to tell is told: Events are on their way a little longer than the rest. */
  countsSince(before: Counts): Promise<Counts>;
  /** Waits until it has made a call and then none for a while; the time of the last one by performance.now(). */
  untilQuiet(): Promise<number>;
  /** Its metrics, as it serves them. */
  metrics(): Promise<string>;
  /** With `isProbed`: what the event loop was blocked for at most, since the last reset. */
  probe(): Promise<ProbeReading>;
  resetProbe(): void;
  stop(): Promise<void>;
}

/** `run` of the bundle with the memory flags of the image, and with the limits of AWS's rates out of the way. */
export async function startMeasured(place: {
  readonly kubeconfig: string;
  readonly awsUrl: string;
  readonly args?: readonly string[];
  readonly isProbed?: boolean;
}): Promise<MeasuredController> {
  const folder = await mkdtemp(join(tmpdir(), "bench-"));
  const address = `127.0.0.1:${await freePort()}`;
  const limits = ["iam", "ec2"].flatMap((service) => [
    ...["read", "write"].flatMap((kind) => [`--${service}-${kind}-qps`, "100000"]),
  ]);
  const probeFile = join(folder, "probe");
  const args = [
    ...(await imageFlags()),
    ...(place.isProbed ? [`--import=${PROBE}`] : []),
    PROGRAM,
    "run",
    "--kubeconfig",
    place.kubeconfig,
    "--metrics-bind-address",
    address,
    "--log-level",
    "error",
  ];
  const run = startProcess(process.execPath, [...args, ...limits, ...(place.args ?? [])], {
    logFile: join(folder, "log"),
    env: {
      ...(await imageEnv()),
      ...(place.isProbed ? { PROBE_FILE: probeFile } : {}),
      AWS_ENDPOINT_URL: place.awsUrl,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "bench",
      AWS_SECRET_ACCESS_KEY: "bench",
    },
  });
  const metrics = async (): Promise<string> => (await fetch(`http://${address}/metrics`)).text();
  const counts = async (): Promise<Counts> => read(await metrics());
  await run.untilReady(counts, READY_WITHIN_MS);
  return {
    counts,
    countsSince: async (before) => difference(await toldAll(counts), before),
    untilQuiet: () => untilQuiet(counts),
    metrics,
    probe: async () => JSON.parse(await readFile(probeFile, "utf8")) as ProbeReading,
    resetProbe: () => run.send("SIGUSR2"),
    async stop() {
      await run.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function untilQuiet(counts: () => Promise<Counts>): Promise<number> {
  let [seen, sinceMs] = [0, performance.now()];
  for (;;) {
    const { calls } = await counts();
    const all = Object.values(calls).reduce((sum, n) => sum + n, 0);
    if (all !== seen) [seen, sinceMs] = [all, performance.now()];
    if (seen > 0 && performance.now() - sinceMs > QUIET_MS) return sinceMs;
    await systemClock.sleep(POLL_MS);
  }
}

async function toldAll(counts: () => Promise<Counts>): Promise<Counts> {
  for (let before = await counts(); ; ) {
    await systemClock.sleep(TOLD_MS);
    const now = await counts();
    if (now.kubeWrites === before.kubeWrites) return now;
    before = now;
  }
}

function read(text: string): Counts {
  const calls: Record<string, number> = {};
  for (const [, operation = "", n] of text.matchAll(/_aws_requests_total\{[^}]*operation="(\w+)"[^}]*\} (\d+)/g)) {
    calls[operation] = (calls[operation] ?? 0) + Number(n);
  }
  const writes = [...text.matchAll(/rest_client_requests_total\{[^}]*method="(?:PATCH|POST|PUT)"[^}]*\} (\d+)/g)];
  const bytes = /^process_resident_memory_bytes (\d+)/m.exec(text)?.[1] ?? "0";
  return {
    calls,
    kubeWrites: writes.reduce((sum, [, n]) => sum + Number(n), 0),
    rssMiB: Math.round(Number(bytes) / 2 ** 20),
    cpuMs: Math.round(1_000 * Number(/^process_cpu_seconds_total (\S+)/m.exec(text)?.[1] ?? 0)),
  };
}

function difference(now: Counts, before: Counts): Counts {
  const calls = Object.entries(now.calls)
    .map(([action, n]) => [action, n - (before.calls[action] ?? 0)] as const)
    .filter(([, n]) => n > 0);
  return {
    calls: Object.fromEntries(calls),
    kubeWrites: now.kubeWrites - before.kubeWrites,
    rssMiB: now.rssMiB,
    cpuMs: now.cpuMs - before.cpuMs,
  };
}
