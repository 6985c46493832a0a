/**
 * A worker thread that judges the large objects that it is sent, one after the other, and answers each with its name. What a
 * judgement may hold in memory is the limit of its heap: see test/adversary/size/heap.test.ts.
 */
import { parentPort } from "node:worker_threads";
import { boundedObject } from "../../src/api/bounded-object.ts";
import { parseInstanceProfile } from "../../src/api/parse-instance-profile.ts";
import { desiredState } from "../../src/model/desired-state.ts";
import { classViolations } from "../../src/plan/class/class-guards.ts";
import { diff } from "../../src/plan/diff.ts";
import { lint } from "../../src/plan/lint/lint.ts";
import { planLines } from "../../src/plan/render.ts";
import { aClass, CLUSTER_ID, NOTHING, stateAfter } from "./builders.ts";
import { LARGE_SPECS, type LargeSpec, times } from "./large-objects.ts";
import { s3ReadOnly } from "./manifest.ts";

/** A class at the bounds of its own schema. */
const CLASS = aClass({
  allowedActions: [...times(199, (i) => `iam:*a${i}*`), "*"],
  deniedActions: times(200, (i) => `organizations:*${i}*`),
  allowedResources: [...times(99, (i) => `arn:aws:s3:::*${i}*`), "*"],
  allowTrustStatements: true,
});
const BOUNDS = { class: CLASS, namespace: "default", clusterId: CLUSTER_ID, olderPeers: 0 };
const SMALL = desired({});

function desired(spec: LargeSpec["spec"]): ReturnType<typeof desiredState> {
  const { metadata, ...rest } = s3ReadOnly({ namespace: "default", name: "app" }, spec);
  const received = { ...rest, metadata: { uid: "uid-1", resourceVersion: "1", generation: 1, ...metadata } };
  const object = parseInstanceProfile(boundedObject(JSON.parse(JSON.stringify(received))));
  classViolations(object.spec, BOUNDS);
  lint(object);
  return desiredState(object, CLUSTER_ID);
}

/** As a controller does when the object is created, found in sync, edited to something small, and edited back. */
function judge(spec: LargeSpec["spec"]): void {
  const large = desired(spec);
  const whenLarge = stateAfter(NOTHING, diff(large, NOTHING).actions);
  const whenSmall = stateAfter(NOTHING, diff(SMALL, NOTHING).actions);
  planLines(diff(large, whenLarge));
  planLines(diff(SMALL, whenLarge));
  planLines(diff(large, whenSmall));
}

parentPort?.on("message", (name: string) => {
  const shape = LARGE_SPECS.find((one) => one.name === name);
  if (shape === undefined) throw new Error(`there is no shape ${name}`);
  judge(shape.spec);
  parentPort?.postMessage(name);
});
parentPort?.postMessage("loaded");
