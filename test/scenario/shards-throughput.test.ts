import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { shardOfAccount } from "../../src/controller/shards/sharded-controller.ts";
import { readyOf } from "../support/cluster-user.ts";
import { s3ReadOnly } from "../support/manifest.ts";
import { HOME, Organisation, roleArn } from "../support/simulation/organisation.ts";
import type { Replica } from "../support/simulation/replica.ts";

/** SHARDS=20 creates as many objects in each of 200 accounts, which takes minutes. */
const EACH = Number(process.env["SHARDS"] ?? 0);
const ALL = EACH > 0;
const SHARDS = 6;
const SIZE = ALL ? { accounts: 200, each: EACH, writeMs: 2.4 } : { accounts: 24, each: 3, writeMs: 24 };
/** More than IAM takes, so that the processes are the limit. */
const RATES = { readsPerSecond: 20, writesPerSecond: 10 };

let org: Organisation;
beforeEach(async () => {
  org = await Organisation.open();
});
afterEach(() => org.close());

/** The ids of the accounts; of a few, as many in each shard, as chance gives to many. */
function accountIds(): readonly string[] {
  const sharding = { shards: SHARDS, ownAccountId: HOME };
  const ids = Array.from({ length: 1_000 }, (_, account) => String(200_000_000_000 + account));
  if (ALL) return ids.slice(0, SIZE.accounts);
  const each = SIZE.accounts / SHARDS;
  return Array.from({ length: SHARDS }, (_, shard) =>
    ids.filter((id) => shardOfAccount(id, sharding) === shard).slice(0, each),
  ).flat();
}

/** Gives the process one CPU, which a write to AWS, with all that belongs to it, keeps busy for so long. */
function limitCpu({ machine, wire }: Replica): void {
  let freeMs = 0;
  const judge = wire.judge;
  wire.judge = (call) => {
    if (call.server !== "aws" || !call.isWrite) return judge(call);
    const nowMs = machine.monotonicMs();
    freeMs = Math.max(freeMs, nowMs) + SIZE.writeMs;
    return { kind: "delay", replyMs: freeMs - nowMs };
  };
}

/** How long the replicas take to create all objects, after they have opened and scanned the accounts, virtual ms. */
async function creationMs(replicas: number, shards: number): Promise<number> {
  const { sim } = org;
  const ids = accountIds();
  for (const id of ids) {
    await org.aRole(id, "controller");
    await org.applyClass(`team-${id}`, { account: { id, partition: "aws", roleArn: roleArn(id) } });
  }
  const options = { hasClasses: true, concurrency: 10, shards, awsRates: RATES };
  for (let i = 0; i < replicas; i += 1) limitCpu(sim.start(options));
  for (let i = 0; i < 9; i += 1) {
    await sim.run(10_000);
    vi.setSystemTime(sim.clock.nowMs());
  }
  const fromMs = sim.clock.monotonicMs();
  for (const id of ids)
    for (let i = 0; i < SIZE.each; i += 1)
      await sim.apply(s3ReadOnly({ namespace: "default", name: `app-${id}-${i}` }, { className: `team-${id}` }));
  const isReady = async (): Promise<boolean> =>
    (await sim.user.list("default")).every((object) => readyOf(object) === "True InSync");
  do await sim.run(250);
  while (!(await isReady()));
  const writes = sim.writes("aws", fromMs);
  expect(writes).toHaveLength(4 * SIZE.each * ids.length);
  expect(sim.writesWithoutLease).toEqual([]);
  return Math.max(...writes.map(({ doneAtMs = 0 }) => doneAtMs)) - fromMs;
}

test(`three replicas create ${SIZE.each} objects in each of ${SIZE.accounts} accounts at least 2.5 times as fast as one`, {
  timeout: ALL ? 1_800_000 : 60_000,
}, async () => {
  const one = await creationMs(1, 1);
  org.close();
  org = await Organisation.open();
  const three = await creationMs(3, SHARDS);
  if (ALL) console.log({ oneMs: one, threeMs: three, times: one / three });
  expect(one / three).toBeGreaterThanOrEqual(2.5);
});
