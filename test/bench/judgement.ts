import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { LARGE_SPECS, type LargeSpec, times } from "../support/large-objects.ts";
import { plainKubeApi } from "../support/plain-kube-api.ts";
import { startPodController } from "../support/pod-controller.ts";
import { randomSpec } from "../support/random-spec.ts";
import { startSandboxProcess } from "../support/sandbox-process.ts";
import { judgeFiles } from "./commands.ts";
import { type Cost, costsOf, manifest } from "./judgement-costs.ts";

/**
 * What the largest objects cost that the CRD admits: each corner of its schema, and random shapes.
 *
 *     npm run bench:judgement
 *
 * First every step of a judgement by itself: CPU time of this thread (the median of some runs, for the machine may have other work) and
 * heap. Then `validate` and `plan` of each. Then a controller with the heap of a pod: all of them at once, its longest block, and how soon another object is Ready.
 */
const MAX_BLOCK_MS = 250;
const MAX_HEAP_MIB = 50;
const MAX_READY_MS = 2_000;
const RANDOM_SHAPES = 40;
const SMALL = { statements: [{ effect: "Allow", actions: ["s3:Get*"], resources: ["*"] }] };

function judgeAll(shapes: readonly LargeSpec[]): boolean {
  let worst = { ms: 0, heapMib: 0, what: "" };
  let isWithin = true;
  console.log("longest ms  most MiB  step             shape");
  for (const shape of shapes) {
    const costs = costsOf(shape);
    const slowest = costs.toSorted((a, b) => b.ms - a.ms)[0] as Cost;
    const heapMib = Math.max(...costs.map((one) => one.heapMib));
    console.log(
      `${slowest.ms.toFixed(1).padStart(10)}  ${heapMib.toFixed(1).padStart(8)}  ${slowest.step.padEnd(16)} ${shape.name}`,
    );
    if (slowest.ms > worst.ms) worst = { ms: slowest.ms, heapMib, what: `${slowest.step}: ${shape.name}` };
    isWithin &&= slowest.ms <= MAX_BLOCK_MS && heapMib <= MAX_HEAP_MIB;
  }
  console.log(
    `The slowest step takes ${worst.ms.toFixed(1)} ms (${worst.what}); ${MAX_BLOCK_MS} ms and ${MAX_HEAP_MIB} MiB are the limits.`,
  );
  return isWithin;
}

/** All of the shapes in one cluster; how soon a new object is Ready beside them, and what it cost the controller. */
async function serveAll(shapes: readonly LargeSpec[]): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), "bench-judgement-"));
  const sandbox = await startSandboxProcess();
  const api = plainKubeApi(sandbox.kubeUrl);
  const path = "/apis/iam.instanceprofile.dev/v1beta1/namespaces/default/instanceprofiles";
  const create = (name: string, spec: object) => api.expectOk({ method: "POST", path, body: manifest(name, spec) });
  const controller = await startPodController(sandbox, folder, "controller");
  const untilInSync = (name: string) =>
    controller.untilReady(async () => {
      const { status } = (await api.expectOk({ method: "GET", path: `${path}/${name}` })) as { status?: unknown };
      return JSON.stringify(status).includes('"reason":"InSync"') || undefined;
    }, 60_000);
  try {
    // What the program loads when it first needs EC2 is no judgement.
    await create("warm", { ...SMALL, instances: { region: "us-east-1", ids: ["i-0123456789abcdef0"] } });
    await untilInSync("warm");
    controller.send("SIGUSR2");
    for (const [index, { spec }] of shapes.entries()) await create(`large-${index}`, spec);
    const readyMs: number[] = [];
    for (const name of times(10, (i) => `other-${i}`)) {
      await create(name, SMALL);
      const startMs = performance.now();
      await untilInSync(name);
      readyMs.push(Math.round(performance.now() - startMs));
    }
    await delay(1_000);
    const { blockMs, blockCpuMs, heapMib } = await controller.probe();
    console.log(
      `A controller with the heap of a pod and ${shapes.length} such objects: longest block ${blockMs} ms (${blockCpuMs} ms of CPU time), heap at most ${heapMib} MiB; ` +
        `other objects Ready within ${Math.max(...readyMs)} ms (limit ${MAX_READY_MS}).`,
    );
    return Math.max(...readyMs) <= MAX_READY_MS && blockCpuMs <= MAX_BLOCK_MS;
  } finally {
    await controller.stop();
    await sandbox.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

if (globalThis.gc === undefined) {
  // Heap can be measured only where it can be collected before.
  process.exitCode =
    spawnSync(process.execPath, ["--expose-gc", import.meta.filename], { stdio: "inherit" }).status ?? 1;
} else {
  const random = fc.sample(randomSpec, { seed: 1, numRuns: RANDOM_SHAPES });
  const shapes = [...LARGE_SPECS, ...random.map((spec, i) => ({ name: `random shape ${i}`, spec }))];
  const isJudged = judgeAll(shapes);
  const isRead = await judgeFiles(LARGE_SPECS, MAX_BLOCK_MS, MAX_HEAP_MIB);
  // Without any: what start, machine and other work cost.
  await serveAll([]);
  const isServed = await serveAll(LARGE_SPECS);
  if (!isJudged || !isRead || !isServed) process.exitCode = 1;
}
