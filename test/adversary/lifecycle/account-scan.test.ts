import { expect, test } from "vitest";
import type { InstanceProfile } from "../../../src/api/instance-profile.ts";
import { subjectOf, verdictOf } from "../../../src/controller/scan/scan-verdict.ts";
import { RecentWrites } from "../../../src/engine/observe/recent-writes.ts";
import type { KubeObject } from "../../../src/engine/ports.ts";
import { DEFAULT_REQUEUE_INTERVALS } from "../../../src/status/requeue.ts";
import { aClass, CLUSTER_ID } from "../../support/builders.ts";
import { Desk } from "../../unit/controller/desk.ts";

/** What a scan makes of an object that was in sync when the class was so, now that it is as it is. */
async function verdictOn(desk: Desk): Promise<ReturnType<typeof verdictOf>> {
  const subject = subjectOf(desk.object as unknown as KubeObject, { classes: desk.directory, clusterId: CLUSTER_ID });
  if (subject === undefined) throw new Error("the scan does not judge the object");
  const { roles, instanceProfiles } = desk.iam.account;
  const snapshot = {
    takenAtMs: 0,
    roles: new Map(Object.entries(roles)),
    instanceProfiles: new Map(Object.entries(instanceProfiles)),
  } as unknown as Parameters<typeof verdictOf>[1];
  const recentWrites = new RecentWrites({ windowMs: 1, monotonicMs: () => 0 });
  const { status } = desk.object as unknown as InstanceProfile;
  return verdictOf(subject, snapshot, {
    recentWrites,
    intervals: DEFAULT_REQUEUE_INTERVALS,
    now: status?.lastVerifiedTime ?? "",
  });
}

async function inSync(): Promise<Desk> {
  const desk = new Desk();
  desk.classes = [aClass({}) as unknown as KubeObject];
  desk.apply({ className: "readers", statements: [{ effect: "Allow", actions: ["s3:GetObject"], resources: ["*"] }] });
  await desk.reconcile();
  expect(desk.condition("Compliant")).toBe("True WithinClass");
  return desk;
}

test("An object that is well costs no reconcile after each scan, also where a class says that it is compliant", async () => {
  expect(await verdictOn(await inSync())).toMatchObject({ kind: "in sync" });
});

test("An object whose class says something else about deletion than its status has is reconciled, so that the record follows", async () => {
  const desk = await inSync();
  desk.classes = [aClass({ allowForceDelete: true }) as unknown as KubeObject];
  expect(await verdictOn(desk)).toMatchObject({ kind: "different" });
});
