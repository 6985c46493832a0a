import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { readyOf } from "../support/cluster-user.ts";
import { s3ReadOnly } from "../support/manifest.ts";
import { Organisation, roleArn } from "../support/simulation/organisation.ts";
import type { Replica } from "../support/simulation/replica.ts";
import type { Simulation } from "../support/simulation/simulation.ts";

const MINUTE_MS = 60_000;
/** ACCOUNTS=all takes minutes. */
const ALL = process.env["ACCOUNTS"] === "all";
const CREATION = ALL ? { accounts: 120, each: 20 } : { accounts: 120, each: 1 };
const IDLE = ALL ? CREATION : { accounts: 10, each: 2 };
const TIMEOUT = { timeout: ALL ? 900_000 : 60_000 };

let org: Organisation;
let sim: Simulation;
beforeEach(async () => {
  org = await Organisation.open();
  sim = org.sim;
});
afterEach(() => org.close());

/** The controller at default rates starts, and so many accounts have a class and objects of it. */
async function start({ accounts, each }: typeof CREATION): Promise<Replica> {
  for (let account = 0; account < accounts; account += 1) {
    const id = String(200_000_000_000 + account);
    const className = `team-${id}`;
    await org.aRole(id, "controller");
    await org.applyClass(className, { account: { id, partition: "aws", roleArn: roleArn(id) } });
    for (let i = 0; i < each; i += 1)
      await sim.apply(s3ReadOnly({ namespace: "default", name: `app-${id}-${i}` }, { className }));
  }
  return sim.start({ hasClasses: true, concurrency: 10 });
}

/** Lets time pass for the credentials too, which the SDK holds against the time of the machine. */
async function run(minutes: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute += 1) {
    await sim.run(MINUTE_MS);
    vi.setSystemTime(sim.clock.nowMs());
  }
}

const stsCalls = (): number => sim.calls.filter(({ what }) => /AssumeRole|GetCallerIdentity/.test(what)).length;

test(
  `${CREATION.accounts} accounts with ${CREATION.each} objects each at default rates: all are Ready without one false condition`,
  TIMEOUT,
  async () => {
    const replica = await start(CREATION);
    await run(ALL ? 10 : 2);
    const objects = await sim.user.list("default");
    expect(objects).toHaveLength(CREATION.accounts * CREATION.each);
    expect(objects.filter((object) => readyOf(object) !== "True InSync")).toEqual([]);
    const statuses = replica.wire.calls
      .filter(({ what }) => /^PATCH instanceprofile(s|classes)\/status$/.test(what))
      .map(({ body }) => String(body));
    expect(statuses.length).toBeGreaterThanOrEqual(objects.length + CREATION.accounts);
    expect(statuses.filter((body) => body.includes('"status":"False"'))).toEqual([]);
    expect(stsCalls()).toBeLessThanOrEqual(2 * CREATION.accounts + 1);
  },
);

test("an account that is idle costs at most two calls to STS an hour, credentials included", TIMEOUT, async () => {
  const replica = await start(IDLE);
  await run(5);
  const before = stsCalls();
  const sinceMs = sim.clock.monotonicMs();
  await run(120);
  const hourly = (stsCalls() - before) / 2 / IDLE.accounts;
  // Credentials end within an hour, and are renewed for the scans.
  expect(hourly).toBeGreaterThan(0.5);
  expect(hourly).toBeLessThanOrEqual(2);
  expect(sim.writes("aws", sinceMs)).toEqual([]);
  // `lastVerifiedTime`, once an hour.
  expect(sim.writes("kube", sinceMs).length).toBeLessThanOrEqual(2 * IDLE.accounts * IDLE.each);
  expect(replica.logger.messages("warn")).toEqual([]);
});
