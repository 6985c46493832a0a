import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { InstanceProfileStatus } from "../../src/api/instance-profile.ts";
import type { ObjectKey } from "../../src/engine/ports.ts";
import { readyOf } from "../support/cluster-user.ts";
import { Organisation, TEAMS } from "../support/simulation/organisation.ts";
import { Simulation } from "../support/simulation/simulation.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const PROFILES = "/apis/iam.instanceprofile.dev/v1beta1";

/** What somebody with `instanceprofiles/status` does. */
async function writeStatus(sim: Simulation, status: unknown, { namespace, name }: ObjectKey = sim.key): Promise<void> {
  await sim.servers.kubeApi().expectOk({
    method: "PATCH",
    path: `${PROFILES}/namespaces/${namespace}/instanceprofiles/${name}/status?fieldManager=other`,
    body: [{ op: "add", path: "/status", value: status }],
    contentType: "application/json-patch+json",
  });
}

const FORGED_ROLE = { arn: "arn:aws:iam::999999999999:role/app", id: "AROAFORGED" };

const FORGED_USE = { time: "2026-01-01T00:00:00Z", region: "eu-west-1" };

const CHANGES: readonly [string, (own: InstanceProfileStatus) => unknown][] = [
  ["wiped", () => ({})],
  [
    "forged",
    (own) => ({ ...own, role: FORGED_ROLE, accountId: "999999999999", plan: ["nothing"], lastUsed: FORGED_USE }),
  ],
  ["restored to an older one", (own) => ({ ...own, lastVerifiedTime: "2020-01-01T00:00:00Z", conditions: [] })],
];

describe("the status of an object in sync that another client has", () => {
  let sim: Simulation;
  let own: InstanceProfileStatus;
  beforeEach(async () => {
    sim = new Simulation();
    sim.start({ isSweeping: true });
    await sim.run(SECOND_MS);
    await sim.apply(sim.manifest());
    await sim.run(15 * MINUTE_MS);
    own = (await sim.object())?.status ?? {};
    expect(readyOf(await sim.object())).toBe("True InSync");
  });

  test.each(CHANGES)("%s is as it was within seconds, without a call to AWS", async (_, changed) => {
    const sinceMs = sim.clock.monotonicMs();
    await writeStatus(sim, changed(own));
    await sim.run(3 * SECOND_MS);
    expect((await sim.object())?.status).toEqual(own);
    expect(sim.calls.filter((call) => call.server === "aws" && call.sentAtMs >= sinceMs)).toEqual([]);
    expect(sim.writes("kube", sinceMs)).toHaveLength(1);
  });

  test("forged is told in no Event: no role was made anew, no drift repaired", async () => {
    const before = await sim.user.events(sim.key);
    await writeStatus(sim, { ...own, role: FORGED_ROLE, instanceProfile: { ...FORGED_ROLE, id: "AIPAFORGED" } });
    await sim.annotate({ "iam.instanceprofile.dev/reconcile-at": "1" });
    await sim.run(10 * SECOND_MS);
    expect(await sim.user.events(sim.key)).toEqual(before);
    expect((await sim.object())?.status?.role).toEqual(own.role);
  });

  test("forged while no controller ran is verified, and the id of a role that is older raises no RoleRecreated", async () => {
    sim.replicas[0]?.kill();
    await writeStatus(sim, { ...own, role: { ...own.role, id: "AROAFORGED" } });
    sim.start({ isSweeping: true });
    await sim.run(MINUTE_MS);
    expect((await sim.object())?.status?.role).toEqual(own.role);
    expect((await sim.user.events(sim.key)).map(({ reason }) => reason)).not.toContain("RoleRecreated");
  });

  test("fought over every two seconds costs a few writes in 20 minutes, no call to AWS, and is right in the end", async () => {
    const sinceMs = sim.clock.monotonicMs();
    for (let i = 0; i < 600; i += 1) {
      await writeStatus(sim, { ...own, lastHandledReconcileAt: String(i) });
      await sim.run(2 * SECOND_MS);
    }
    expect(sim.writes("kube", sinceMs).length).toBeLessThan(14);
    // The account scan of every 10 minutes goes on.
    expect(sim.calls.filter(({ server, sentAtMs }) => server === "aws" && sentAtMs >= sinceMs).length).toBeLessThan(16);
    await sim.run(6 * MINUTE_MS);
    const { lastVerifiedTime: _, ...rest } = (await sim.object())?.status ?? {};
    const { lastVerifiedTime: __, ...expected } = own;
    expect(rest).toEqual(expected);
  });

  test("wiped while the object is suspended is as it was, without a call to AWS", async () => {
    await sim.apply(sim.manifest({ suspend: true }));
    await sim.run(MINUTE_MS);
    const suspended = (await sim.object())?.status;
    const sinceMs = sim.clock.monotonicMs();
    await writeStatus(sim, {});
    await sim.run(3 * SECOND_MS);
    expect((await sim.object())?.status).toEqual(suspended);
    expect(sim.calls.filter((call) => call.server === "aws" && call.sentAtMs >= sinceMs)).toEqual([]);
  });

  test("wiped in the moment of an edit loses nothing", async () => {
    await writeStatus(sim, {});
    await sim.apply(sim.manifest({ description: "edited" }));
    await sim.run(10 * SECOND_MS);
    const now = await sim.object();
    expect([readyOf(now), now?.status?.role]).toEqual(["True InSync", own.role]);
  });
});

describe("the controller's own writes", () => {
  test("wake no object, however late the watch shows them", async () => {
    const sim = new Simulation();
    const replica = sim.start();
    await sim.run(SECOND_MS);
    await sim.apply(sim.manifest());
    await sim.run(5 * MINUTE_MS);
    expect(replica.logger.lines.filter(({ message }) => message.includes("another client"))).toEqual([]);
  });
});

describe("the account in a status", () => {
  let org: Organisation;
  beforeEach(async () => {
    org = await Organisation.open();
  });
  afterEach(() => org.close());

  const app = (): ObjectKey => org.sim.key;

  test("of a stranger is not believed where the tags of the role prove another one, after a restart either", async () => {
    const { sim } = org;
    await org.applyClass("a");
    const first = sim.start({ hasClasses: true });
    await sim.run(SECOND_MS);
    await sim.apply(sim.manifest({ className: "a" }));
    await sim.run(5 * MINUTE_MS);
    const own = (await sim.object())?.status ?? {};
    expect(await org.ready("app")).toMatch(/^True InSync/);
    first.kill();
    await writeStatus(sim, { ...own, accountId: "999999999999" });
    sim.start({ hasClasses: true });
    await sim.run(2 * MINUTE_MS);
    expect(await org.ready("app")).toMatch(/^True InSync/);
    expect((await sim.object(app()))?.status?.accountId).toBe(TEAMS.a);
  });

  test("still binds an object whose default class has moved: the tags of its role are in the former account", async () => {
    const { sim } = org;
    await org.applyClass("a", {}, { isDefault: true });
    await org.applyClass("b");
    sim.start({ hasClasses: true });
    await sim.run(SECOND_MS);
    await sim.apply(sim.manifest());
    await sim.run(5 * MINUTE_MS);
    await org.applyClass("a");
    await org.applyClass("b", {}, { isDefault: true });
    await sim.run(5 * MINUTE_MS);
    expect(await org.ready("app")).toMatch(/^False ClassAccountChanged/);
    expect(org.rolesIn(TEAMS.b)).toEqual([]);
  });
});
