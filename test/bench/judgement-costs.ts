import { threadCpuUsage } from "node:process";
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
import { type LargeSpec, times } from "../support/large-objects.ts";
import { s3ReadOnly } from "../support/manifest.ts";

const RUNS = 3;

/** A class at the bounds of its own schema. */
const CLASS = aClass({
  allowedActions: [...times(199, (i) => `iam:*a${i}*`), "*"],
  deniedActions: times(200, (i) => `organizations:*${i}*`),
  allowedResources: [...times(99, (i) => `arn:aws:s3:::*${i}*`), "*"],
  allowTrustStatements: true,
});
const BOUNDS = { class: CLASS, namespace: "default", clusterId: CLUSTER_ID, olderPeers: 0 };
const crd = compileCrd(readShippedCrd()).versions[0];

/** What one step of a judgement costs. */
export interface Cost {
  readonly step: string;
  readonly ms: number;
  readonly heapMib: number;
}

/** What each step of the judgement of an object costs: CPU time of this thread, the median of some runs, and heap. */
export function costsOf({ spec }: LargeSpec): readonly Cost[] {
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

/** A manifest with this spec. */
export function manifest(name: string, spec: object): JsonObject {
  return { ...s3ReadOnly({ namespace: "default", name }), spec: { roleName: name, ...spec } } as JsonObject;
}
