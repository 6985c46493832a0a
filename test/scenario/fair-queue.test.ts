import { expect, test } from "vitest";
import { readyOf } from "../support/cluster-user.ts";
import { kstatusOf } from "../support/kstatus.ts";
import { s3ReadOnly } from "../support/manifest.ts";
import { Organisation } from "../support/simulation/organisation.ts";
import { Simulation } from "../support/simulation/simulation.ts";
import { must, policy } from "../unit/sandbox/aws/in-process.ts";

const SIZE = 1_000;
const MINUTE_MS = 60_000;
const RECONCILE_AT = "iam.instanceprofile.dev/reconcile-at";
const at = (namespace: string, name: string) => ({ namespace, name });
const key = (name: string) => at("default", name);

test("among 1,000 creations an edit, a reconcile-at and a deletion are in AWS within 5 s, and a creation of another namespace within 60 s", {
  timeout: 240_000,
}, async () => {
  const sim = new Simulation();
  sim.start({ isSweeping: true, concurrency: 10 });
  await sim.user.createNamespace("team-b");
  for (const name of ["edited", "drifted", "deleted"]) await sim.apply(s3ReadOnly(key(name)));
  await sim.run(5 * MINUTE_MS);
  for (const name of ["edited", "drifted", "deleted"]) expect(readyOf(await sim.object(key(name)))).toBe("True InSync");

  for (let i = 0; i < SIZE; i += 1) await sim.apply(s3ReadOnly(key(`bulk-${i}`)));
  const bulkMs = sim.clock.monotonicMs();
  await sim.run(20_000);
  const document = policy({ Effect: "Allow", Action: "*", Resource: "*" });
  const drift = { RoleName: "drifted", PolicyName: "drifted", PolicyDocument: document };
  must(await sim.servers.aws.iam("PutRolePolicy", drift));
  const askedMs = sim.clock.monotonicMs();
  await sim.apply(s3ReadOnly(key("edited"), { description: "edited" }));
  await sim.user.annotate(key("drifted"), { [RECONCILE_AT]: "now" });
  await sim.delete(key("deleted"));
  await sim.apply(s3ReadOnly(at("team-b", "other")));

  const doneMs = async (subject: string, what: string): Promise<number> => {
    const found = () =>
      sim.writes("aws", askedMs).find((call) => call.subject === subject && call.what === what)?.doneAtMs;
    await sim.runUntil(() => found() !== undefined, 2 * MINUTE_MS);
    return (found() ?? Number.NaN) - askedMs;
  };
  expect(await doneMs("edited", "UpdateRole")).toBeLessThan(5_000);
  expect(await doneMs("drifted", "PutRolePolicy")).toBeLessThan(5_000);
  expect(await doneMs("deleted", "DeleteRole")).toBeLessThan(5_000);
  expect(await doneMs("other", "AddRoleToInstanceProfile")).toBeLessThan(60_000);

  await sim.run(bulkMs + 45_000 - sim.clock.monotonicMs());
  const reasons = Map.groupBy(await sim.user.list("default"), (object) => readyOf(object) ?? "none");
  expect([...reasons.keys()].toSorted()).toEqual(["True InSync", "Unknown Queued"]);
  const waiting = reasons.get("Unknown Queued") ?? [];
  expect(waiting.length).toBeGreaterThan(SIZE / 2);
  expect(waiting.map((object) => kstatusOf(object as never))).toEqual(waiting.map(() => "InProgress"));
  const writes = sim.writes("kube", bulkMs).filter(({ what }) => what === "PATCH instanceprofiles/status");
  const last = waiting.at(-1)?.metadata.name;
  expect(writes.filter(({ subject }) => subject === last)).toHaveLength(1);
});

/** An object whose four writes take longer than a minute says so within 45 s. */
async function isCreatedSlowly(sim: Simulation, spec = {}): Promise<void> {
  const hasClasses = "className" in spec;
  sim.start({ hasClasses, isSweeping: true, awsRates: { readsPerSecond: 10, writesPerSecond: 1 / 20 } });
  await sim.run(1_000);
  await sim.apply(s3ReadOnly(key("slow"), spec));
  await sim.run(45_000);
  expect(readyOf(await sim.object(key("slow")))).toBe("Unknown Queued");
  await sim.run(3 * MINUTE_MS);
  expect(readyOf(await sim.object(key("slow")))).toBe("True InSync");
  expect(sim.writes("aws").map(({ what }) => what)).toEqual([
    ...["CreateRole", "PutRolePolicy", "CreateInstanceProfile", "AddRoleToInstanceProfile"],
  ]);
}

test("an object whose requests wait for the rate limit says so, and is created with four writes", async () => {
  await isCreatedSlowly(new Simulation());
});

test("an object of a class whose requests wait for the rate limit says so, and is created with four writes", async () => {
  const org = await Organisation.open();
  await org.applyClass("a");
  await isCreatedSlowly(org.sim, { className: "a" });
  org.close();
});

test("among 200 edits one that removes access is sent before those that wait", { timeout: 60_000 }, async () => {
  const sim = new Simulation();
  sim.start({ isSweeping: true, concurrency: 10, awsRates: { readsPerSecond: 200, writesPerSecond: 200 } });
  const wide = [{ effect: "Allow", actions: ["s3:*"], resources: ["*"] }];
  const names = Array.from({ length: 200 }, (_, i) => `app-${i}`);
  for (const name of names) await sim.apply(s3ReadOnly(key(name), { statements: wide }));
  await sim.run(5 * MINUTE_MS);
  const askedMs = sim.clock.monotonicMs();
  const last = "app-199";
  for (const name of names.slice(0, -1)) await sim.apply(s3ReadOnly(key(name), { statements: wide, description: "x" }));
  await sim.run(100);
  const narrow = [{ effect: "Allow", actions: ["s3:GetObject"], resources: ["*"] }];
  await sim.apply(s3ReadOnly(key(last), { statements: narrow }));
  await sim.run(MINUTE_MS);
  const order = sim.writes("aws", askedMs).map(({ subject, sentAtMs }) => ({ subject, sentAtMs }));
  const place = order.filter(({ sentAtMs }) => sentAtMs > askedMs + 100).findIndex(({ subject }) => subject === last);
  expect(order).toHaveLength(200);
  expect(place).toBeGreaterThanOrEqual(0);
  expect(place).toBeLessThan(20);
});
