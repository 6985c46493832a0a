import { expect, test } from "vitest";
import type { InstanceProfile } from "../../../src/api/instance-profile.ts";
import type { InstancesSpec } from "../../../src/api/instances.ts";
import { skipReconcile } from "../../../src/controller/reconcile/skip-reconcile.ts";
import { ScanCoverage } from "../../../src/controller/scan/scan-coverage.ts";
import { newClaimRecord } from "../../../src/model/instances/instance-claim.ts";
import { silentLogger } from "../../../src/telemetry.ts";
import { anInstanceProfile } from "../../support/builders.ts";

const RESYNC = { kind: "after" as const, delayMs: 600_000 };
const WEB: InstancesSpec = { region: "eu-west-1", selector: { matchTags: { app: "web" } }, onConflict: "Keep" };

/** Whether a resync of an object that a scan has just seen in sync is skipped. */
function isSkipped(object: InstanceProfile): boolean {
  const coverage = new ScanCoverage(() => 0);
  coverage.scanEnded(600_000);
  coverage.recordInSync("team-a/app", "digest");
  const run = { logger: silentLogger, urgency: "resync" as const };
  return skipReconcile({ key: "team-a/app", object, run, coverage }, { nextResync: () => RESYNC }) !== undefined;
}

function recorded(instances: InstancesSpec): InstanceProfile {
  const object = anInstanceProfile({ spec: { instances: WEB } });
  const claim = newClaimRecord(object, instances, { nowMs: 0, latestTime: "" });
  return { ...object, status: { ...object.status, instances: { matched: 0, associated: 0, pending: 0, claim } } };
}

test("the resync of an object that a scan covers is skipped, also with instances once their claim is recorded", () => {
  expect([isSkipped(anInstanceProfile()), isSkipped(recorded(WEB))]).toEqual([true, true]);
});

test("a resync records a claim that is not recorded yet, because an account scan does not", () => {
  expect(isSkipped(anInstanceProfile({ spec: { instances: WEB } }))).toBe(false);
  expect(isSkipped(recorded({ ...WEB, region: "eu-north-1" }))).toBe(false);
});

test("a resync of a dry run, which claims nothing, is skipped", () => {
  expect(isSkipped(anInstanceProfile({ spec: { instances: WEB, mode: "DryRun" } }))).toBe(true);
});

test("an object that waits for the first scan checks less and less often, and never less often than it is resynced", () => {
  let nowMs = 0;
  const coverage = new ScanCoverage(() => nowMs);
  coverage.expectScan();
  const object = anInstanceProfile({ metadata: { generation: 1 }, status: { observedGeneration: 1 } });
  const run = { logger: silentLogger, urgency: "resync" as const };
  const nextResync = () => ({ kind: "after" as const, delayMs: 30_000 });
  const delayMs = (): number | undefined => {
    const requeue = skipReconcile({ key: "team-a/app", object, run, coverage }, { nextResync });
    return requeue?.kind === "after" ? requeue.delayMs : undefined;
  };
  expect(delayMs()).toBe(1_000);
  nowMs = 20_000;
  expect(delayMs()).toBe(20_000);
  nowMs = 200_000;
  expect(delayMs()).toBe(30_000);
});
