import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { threadCpuUsage } from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { boundedObject } from "../../src/api/bounded-object.ts";
import type { InstanceProfile } from "../../src/api/instance-profile.ts";
import { parseInstanceProfile } from "../../src/api/parse-instance-profile.ts";
import { readShippedCrd } from "../../src/cli/manifests/crd-file.ts";
import { compileCrd } from "../../src/crd/compile-crd.ts";
import type { JsonObject } from "../../src/crd/contract.ts";
import { desiredState } from "../../src/model/desired-state.ts";
import { classViolations } from "../../src/plan/class/class-guards.ts";
import { diff } from "../../src/plan/diff.ts";
import { lint } from "../../src/plan/lint/lint.ts";
import { planLines } from "../../src/plan/render.ts";
import { aClass, CLUSTER_ID, NOTHING, stateAfter } from "../support/builders.ts";
import { LARGE_SPECS, type LargeSpec, times } from "../support/large-objects.ts";
import { s3ReadOnly } from "../support/manifest.ts";
import { plainKubeApi } from "../support/plain-kube-api.ts";
import { startPodController } from "../support/pod-controller.ts";
import { randomSpec } from "../support/random-spec.ts";
import { startSandboxProcess } from "../support/sandbox-process.ts";
import { judgeFiles } from "./commands.ts";

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
const RUNS = 3;
const RANDOM_SHAPES = 40;
const SMALL = { statements: [{ effect: "Allow", actions: ["s3:Get*"], resources: ["*"] }] };

/** A class at the bounds of its own schema. */
const CLASS = aClass({
  allowedActions: [...times(199, (i) => `iam:*a${i}*`), "*"],
  deniedActions: times(200, (i) => `organizations:*${i}*`),
  allowedResources: [...times(99, (i) => `arn:aws:s3:::*${i}*`), "*"],
  allowTrustStatements: true,
});
const BOUNDS = { class: CLASS, namespace: "default", clusterId: CLUSTER_ID, olderPeers: 0 };
const crd = compileCrd(readShippedCrd()).versions[0];

interface Cost {
  readonly step: string;
  readonly ms: number;
  readonly heapMib: number;
}

function costsOf({ spec }: LargeSpec): readonly Cost[] {
  const text = JSON.stringify(manifest("large", spec));
  const object = parseInstanceProfile(JSON.parse(text));
  const desired = desiredState(object, CLUSTER_ID);
  const there = stateAfter(NOTHING, diff(desired, NOTHING).actions);
  const edited = desiredState(withEdit(object), CLUSTER_ID);
  return [
    cost("receive", () => boundedObject(JSON.parse(text))),
    cost("parse", () => parseInstanceProfile(JSON.parse(text))),
    cost("judge by class", () => classViolations(object.spec, BOUNDS)),
    cost("lint", () => lint(object)),
    cost("plan a creation", () => planLines(diff(desiredState(object, CLUSTER_ID), NOTHING))),
    cost("plan no change", () => planLines(diff(desired, there))),
    cost("plan an edit", () => planLines(diff(edited, there))),
    cost("admit (sandbox)", () => crd?.validate(crd.applyDefaults(JSON.parse(text) as JsonObject))),
  ];
}

function withEdit(object: InstanceProfile): InstanceProfile {
  const [policy] = object.spec.inlinePolicies;
  const [first, ...others] = policy?.statements ?? [];
  if (first === undefined) return object;
  const { notActions: _, ...rest } = first;
  return {
    ...object,
    spec: {
      ...object.spec,
      inlinePolicies: [{ ...policy, statements: [{ ...rest, actions: ["s3:Edited"] }, ...others] }],
    } as never,
  };
}

function cost(step: string, work: () => unknown): Cost {
  globalThis.gc?.();
  const heapBefore = process.memoryUsage().heapUsed;
  work();
  const heapMib = (process.memoryUsage().heapUsed - heapBefore) / 2 ** 20;
  const runs = times(RUNS, () => {
    const before = threadCpuUsage();
    work();
    const { user, system } = threadCpuUsage(before);
    return (user + system) / 1_000;
  });
  return { step, ms: runs.toSorted((a, b) => a - b)[RUNS >> 1] ?? 0, heapMib };
}

function manifest(name: string, spec: object): JsonObject {
  return { ...s3ReadOnly({ namespace: "default", name }), spec: { roleName: name, ...spec } } as JsonObject;
}

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
