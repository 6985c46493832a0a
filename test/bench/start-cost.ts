import { systemClock } from "../../src/runtime/clock.ts";
import { startSandboxProcess } from "../support/sandbox-process.ts";
import { Cluster } from "./cluster.ts";
import type { Costs } from "./costs.ts";
import { type MeasuredController, startMeasured } from "./measured-controller.ts";

const OBJECTS = 5_000;
const ELECTED = ["--leader-elect", "--leader-elect-namespace", "default"];
const POLL_MS = 20;
const WITHIN_MS = 120_000;

/** From the start of the process until it leads and its cache is full, with and without the time of the list. */
export async function measureStart(scale: number): Promise<Costs> {
  const objects = Math.round(OBJECTS * scale);
  const sandbox = await startSandboxProcess();
  try {
    const cluster = new Cluster(sandbox.kubeUrl);
    await cluster.empty();
    await cluster.createSettled(Array.from({ length: objects }, (_, i) => `bench-${i}`));
    const startMs = performance.now();
    const controller = await startMeasured({ kubeconfig: sandbox.kubeconfig, awsUrl: sandbox.awsUrl, args: ELECTED });
    try {
      const text = await untilSynced(controller, objects);
      const wallMs = performance.now() - startMs;
      const listMs = 1_000 * Number(/_last_list_duration_seconds\{[^}]*"instanceprofile"[^}]*\} (\S+)/.exec(text)?.[1]);
      const { cpuMs } = await controller.counts();
      const name = `start on ${objects} objects to leading and synced`;
      return [
        [name, "wall ms", wallMs],
        [name, "CPU ms", cpuMs],
        [`${name}, without the list`, "wall ms", wallMs - listMs],
      ];
    } finally {
      await controller.stop();
    }
  } finally {
    await sandbox.stop();
  }
}

async function untilSynced(controller: MeasuredController, objects: number): Promise<string> {
  for (const endMs = performance.now() + WITHIN_MS; performance.now() < endMs; await systemClock.sleep(POLL_MS)) {
    const text = await controller.metrics();
    const isLeading = /^leader_election_master_status\{[^}]*\} 1$/m.test(text);
    if (isLeading && new RegExp(`_cache_objects\\{[^}]*\\} ${objects}$`, "m").test(text)) return text;
  }
  throw new Error(`the controller did not sync ${objects} objects within ${WITHIN_MS / 1_000} s`);
}
