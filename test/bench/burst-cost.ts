import { startSandboxProcess } from "../support/sandbox-process.ts";
import { Cluster } from "./cluster.ts";
import type { Costs } from "./costs.ts";
import { startMeasured } from "./measured-controller.ts";

const OBJECTS = 1_000;
const WARM_UP = ["bench-warm-up"];

/** Objects that are created all at once, as a GitOps tool does it with a new cluster. */
export async function measureBurst(scale: number): Promise<Costs> {
  const names = Array.from({ length: Math.round(OBJECTS * scale) }, (_, i) => `bench-${i}`);
  const sandbox = await startSandboxProcess();
  try {
    const cluster = new Cluster(sandbox.kubeUrl);
    await cluster.empty();
    const controller = await startMeasured({ kubeconfig: sandbox.kubeconfig, awsUrl: sandbox.awsUrl, isProbed: true });
    try {
      await cluster.createAll(WARM_UP);
      await cluster.untilReady(WARM_UP.length);
      await cluster.deleteAll(WARM_UP);
      await cluster.untilGone();
      // What was loaded and compiled for the first object is no part of a burst.
      controller.resetProbe();
      const startMs = performance.now();
      await cluster.createAll(names);
      await cluster.untilReady(names.length);
      const wallMs = performance.now() - startMs;
      const { blockCpuMs, p99CpuMs } = await controller.probe();
      const { rssMiB } = await controller.counts();
      const name = `burst of ${names.length} new objects`;
      return [
        [name, "wall ms", wallMs],
        [name, "longest block ms", blockCpuMs],
        [`${name}, 99 of 100 turns`, "longest block ms", p99CpuMs],
        [name, "RSS MiB", rssMiB],
      ];
    } finally {
      await controller.stop();
    }
  } finally {
    await sandbox.stop();
  }
}
