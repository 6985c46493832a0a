import { afterEach, beforeEach, expect, test } from "vitest";
import { readyOf } from "../support/cluster-user.ts";
import { s3ReadOnly } from "../support/manifest.ts";
import { Organisation, TEAMS } from "../support/simulation/organisation.ts";
import type { Simulation } from "../support/simulation/simulation.ts";

/** More than the account writes in a minute. OBJECTS=all takes minutes: as many roles as the quota allows beside the controller's. */
const SIZE = process.env["OBJECTS"] === "all" ? 999 : 200;
/** The account writes 5 in a second, and reads 10. */
const ALL_WRITTEN_MS = SIZE * 1_000;
const MINUTE_MS = 60_000;
const key = (name: string) => ({ namespace: "default", name });

let org: Organisation;
let sim: Simulation;
beforeEach(async () => {
  org = await Organisation.open();
  sim = org.sim;
});
afterEach(() => org.close());

/** Objects in sync, some minutes after their creation, under a controller at default rates that has just started. */
async function inSync(count: number): Promise<void> {
  await org.applyClass("a", { allowedTagKeys: ["*"] });
  const fast = { readsPerSecond: 2_000, writesPerSecond: 2_000 };
  const first = sim.start({ hasClasses: true, concurrency: 50, awsRates: fast });
  await sim.run(5_000);
  for (let i = 0; i < count; i += 1) await sim.apply(s3ReadOnly(key(`app-${i}`), { className: "a" }));
  await sim.run(5 * MINUTE_MS);
  first.kill();
  sim.start({ hasClasses: true, concurrency: 10 });
  await sim.run(5 * MINUTE_MS);
  org.forget();
}

/** How long an edit of one object takes to reach AWS. */
async function editMs(name: string): Promise<number> {
  const askedMs = sim.clock.monotonicMs();
  await sim.apply(s3ReadOnly(key(name), { className: "a", description: `edited ${askedMs}` }));
  const done = () => sim.writes("aws", askedMs).find((call) => call.subject === name && call.what === "UpdateRole");
  await sim.runUntil(() => done() !== undefined, MINUTE_MS);
  return (done()?.doneAtMs ?? Number.NaN) - askedMs;
}

test("a class edit that changes nothing for its objects reads nothing of AWS, and writes what it changes in their status", {
  timeout: 120_000,
}, async () => {
  await inSync(20);
  const editedMs = sim.clock.monotonicMs();
  await org.applyClass("a", { allowedTagKeys: ["*"], allowedActions: ["s3:*", "sqs:*"] });
  await sim.run(MINUTE_MS);
  expect(org.callsTo(TEAMS.a)).toEqual([]);
  expect(sim.writes("kube", editedMs)).toEqual([]);

  await org.applyClass("a", { allowedTagKeys: ["*"], allowForceDelete: true });
  await sim.run(MINUTE_MS);
  expect(org.callsTo(TEAMS.a)).toEqual([]);
  expect(sim.writes("kube", editedMs).map(({ what }) => what)).toEqual(
    Array.from({ length: 20 }, () => "PATCH instanceprofiles/status"),
  );
  const objects = await sim.user.list("default");
  expect(objects.map(readyOf)).toEqual(objects.map(() => "True InSync"));
});

test(`beside a class edit that changes the roles of ${SIZE} objects, an edit is in AWS within 5 s`, {
  timeout: 600 * SIZE,
}, async () => {
  await inSync(SIZE);
  await org.applyClass("a", { allowedTagKeys: ["*"], tags: { team: "a" } });
  await sim.run(10_000);
  expect(await editMs("app-7")).toBeLessThan(5_000);
  expect(await editMs("app-193")).toBeLessThan(5_000);
  await sim.run(ALL_WRITTEN_MS);
  const tagged = sim.writes("aws").filter(({ what }) => what === "TagRole");
  expect(new Set(tagged.map(({ subject }) => subject)).size).toBe(SIZE);
});
