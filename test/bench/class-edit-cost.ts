import { startSandboxProcess } from "../support/sandbox-process.ts";
import { Cluster } from "./cluster.ts";
import type { Costs } from "./costs.ts";
import { startMeasured } from "./measured-controller.ts";
import { readsOf, writesOf } from "./measurement.ts";

const OBJECTS = 200;
const CLASS = "readers";
const BOUNDS = { account: { id: "123456789012" }, namespaces: ["*"], allowedActions: ["s3:Get*", "s3:List*"] };

/** An edit of a class that allows no object less or more than before. */
export async function measureClassEdit(scale: number): Promise<Costs> {
  const objects = Math.round(OBJECTS * scale);
  const sandbox = await startSandboxProcess();
  try {
    const cluster = new Cluster(sandbox.kubeUrl);
    await cluster.empty();
    await cluster.createClass(CLASS, BOUNDS);
    const controller = await startMeasured({ kubeconfig: sandbox.kubeconfig, awsUrl: sandbox.awsUrl });
    try {
      const names = Array.from({ length: objects }, (_, i) => `bench-${i}`);
      await cluster.createAll(names, { className: CLASS });
      await cluster.untilReady(objects);
      await controller.untilQuiet();
      const before = await controller.counts();
      await cluster.editClass(CLASS, { allowedActions: [...BOUNDS.allowedActions, "sqs:ReceiveMessage"] });
      await controller.untilQuiet();
      const counts = await controller.countsSince(before);
      const name = `class edit that changes no verdict of ${objects} objects`;
      return [
        [name, "requests", readsOf(counts) + writesOf(counts)],
        [name, "API writes", counts.kubeWrites],
        [name, "CPU ms", counts.cpuMs],
      ];
    } finally {
      await controller.stop();
    }
  } finally {
    await sandbox.stop();
  }
}
