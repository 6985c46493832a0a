import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { snapshotOf } from "../../src/sandbox/aws/account/snapshot.ts";
import { readyOf } from "../support/cluster-user.ts";
import { s3ReadOnly } from "../support/manifest.ts";
import { Organisation, roleArn } from "../support/simulation/organisation.ts";
import type { Replica } from "../support/simulation/replica.ts";
import type { SimulatedCall, Simulation } from "../support/simulation/simulation.ts";

const ACCOUNTS = 6;
const SHARDS = 6;
const FAILOVER_MS = 25_000;
const idOf = (account: number): string => String(200_000_000_000 + account);
const nameOf = (account: number): string => `app-${account}`;

let org: Organisation;
let sim: Simulation;
beforeEach(async () => {
  org = await Organisation.open();
  sim = org.sim;
  for (let account = 0; account < ACCOUNTS; account += 1) {
    const id = idOf(account);
    await org.aRole(id, "controller");
    await org.applyClass(`team-${account}`, { account: { id, partition: "aws", roleArn: roleArn(id) } });
    await apply(account);
  }
});
afterEach(() => org.close());

/** Creates or edits the object of the account. */
async function apply(account: number, spec: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const key = { namespace: "default", name: nameOf(account) };
  await sim.apply(s3ReadOnly(key, { className: `team-${account}`, ...spec }));
}

async function editAll(description: string): Promise<void> {
  for (let account = 0; account < ACCOUNTS; account += 1) await apply(account, { description });
}

function start(shards: number = SHARDS): Replica {
  return sim.start({ hasClasses: true, concurrency: 10, shards });
}

/** Lets time pass for the credentials too, which the SDK holds against the time of the machine. */
async function run(durationMs: number): Promise<void> {
  for (let left = durationMs; left > 0; left -= 10_000) {
    await sim.run(Math.min(left, 10_000));
    vi.setSystemTime(sim.clock.nowMs());
  }
}

async function three(): Promise<readonly [Replica, Replica, Replica]> {
  const replicas = [start(), start(), start()] as const;
  await run(60_000);
  return replicas;
}

const held = (replicas: readonly Replica[]): readonly number[] => replicas.map((replica) => replica.held.length);

/** The objects that are not in sync, or whose last edit is not in AWS. */
async function behind(description?: string): Promise<readonly string[]> {
  const objects = await sim.user.list("default");
  const roles = Array.from({ length: ACCOUNTS }, (_, account) => {
    const { roles: all } = snapshotOf(sim.servers.aws.cloud.account(idOf(account)));
    return all[nameOf(account)];
  });
  return [
    ...objects.filter((object) => readyOf(object) !== "True InSync").map(({ metadata }) => metadata.name),
    ...roles.flatMap((role, account) =>
      description !== undefined && role?.description !== description ? [nameOf(account)] : [],
    ),
  ];
}

const creations = (): readonly SimulatedCall[] =>
  sim.writes("aws").filter(({ what }) => /^(Create|PutRole|AddRole)/.test(what));

describe("three replicas with six shards", () => {
  test("share the accounts: each object is created once, by the holder of its shard, who alone reports its class", async () => {
    const replicas = await three();
    expect(held(replicas)).toEqual([2, 2, 2]);
    expect(await behind()).toEqual([]);
    expect(creations()).toHaveLength(4 * ACCOUNTS);
    expect(new Set(creations().map(({ by }) => by)).size).toBeGreaterThan(1);
    expect(sim.writesWithoutLease).toEqual([]);
    const reports = sim.calls.filter(({ what }) => what === "PATCH instanceprofileclasses/status");
    const reporters = new Map<string, Set<string>>();
    for (const { subject, by } of reports) reporters.set(subject, (reporters.get(subject) ?? new Set()).add(by));
    expect(reporters.size).toBe(ACCOUNTS);
    expect([...reporters.values()].filter(({ size }) => size !== 1)).toEqual([]);
  });

  test("scan each account in one process, and read nothing of it in another", async () => {
    await three();
    const sinceMs = sim.clock.monotonicMs();
    await run(1_200_000);
    const readers = new Map<string, Set<string>>();
    const { cloud } = sim.servers.aws;
    for (const { server, by, accessKeyId = "", sentAtMs } of sim.calls) {
      const id = cloud.session(accessKeyId)?.account.settings.accountId;
      if (server !== "aws" || id === undefined || sentAtMs < sinceMs) continue;
      readers.set(id, (readers.get(id) ?? new Set()).add(by));
    }
    expect(readers.size).toBe(ACCOUNTS);
    expect([...readers.values()].filter(({ size }) => size !== 1)).toEqual([]);
  });

  test("take over the shards of one that was killed, one that is frozen and one that is cut off, and write nothing without a lease", async () => {
    const [first, second, third] = await three();
    first.kill();
    await editAll("after the kill");
    await run(FAILOVER_MS + 10_000);
    expect(held([second, third])).toEqual([3, 3]);
    expect(await behind("after the kill")).toEqual([]);

    second.machine.block(60_000);
    await editAll("while frozen");
    await run(FAILOVER_MS + 10_000);
    expect(third.held).toHaveLength(SHARDS);
    expect(await behind("while frozen")).toEqual([]);
    await run(90_000);
    expect(held([second, third])).toEqual([3, 3]);

    third.wire.isDark = true;
    await editAll("while dark");
    await run(FAILOVER_MS + 10_000);
    expect(second.held).toHaveLength(SHARDS);
    expect(await behind("while dark")).toEqual([]);
    third.wire.isDark = false;
    third.wire.reset();
    await run(120_000);
    expect(held([second, third])).toEqual([3, 3]);
    await editAll("at last");
    await run(30_000);
    expect(await behind("at last")).toEqual([]);
    expect(sim.writesWithoutLease).toEqual([]);
    expect(creations()).toHaveLength(4 * ACCOUNTS);
  });

  test("are updated one by one during edits: every edit is in AWS seconds later, and no write is made twice", async () => {
    const old = await three();
    const sinceMs = sim.clock.monotonicMs();
    for (const [round, replica] of old.entries()) {
      start();
      await run(10_000);
      await editAll(`edit ${round}`);
      await sim.run(20);
      // In the middle of the writes.
      const stopped = replica.stop();
      await run(12_000);
      await stopped;
      expect(await behind(`edit ${round}`)).toEqual([]);
    }
    await run(60_000);
    expect(held(sim.replicas.slice(3))).toEqual([2, 2, 2]);
    const edits = sim.writes("aws", sinceMs).map(({ what, subject }) => `${what} ${subject}`);
    expect(edits.toSorted()).toEqual(
      Array.from({ length: ACCOUNTS }, (_, account) => `UpdateRole ${nameOf(account)}`)
        .flatMap((write) => [write, write, write])
        .toSorted(),
    );
    expect(sim.writesWithoutLease).toEqual([]);
  });

  test("give a shard up only to a replica that has at least two fewer, and then not again", async () => {
    const replicas = [start(), start()];
    await run(60_000);
    expect(held(replicas)).toEqual([3, 3]);
    replicas.push(start());
    await run(90_000);
    expect(held(replicas)).toEqual([2, 2, 2]);
    const transitions = (): number =>
      Array.from({ length: SHARDS }, (_, shard) => sim.servers.shardLease(shard).transitions).reduce((a, b) => a + b);
    const before = transitions();
    replicas.push(start());
    await run(600_000);
    expect(held(replicas).toSorted()).toEqual([1, 1, 2, 2]);
    expect(transitions() - before).toBeLessThanOrEqual(2);
    expect(sim.writesWithoutLease).toEqual([]);
  });
});

describe("a change of the number of shards", () => {
  test("waits until no replica with the former number can write, from one leader to shards, to more, and back", async () => {
    let running = [sim.start({ hasClasses: true, concurrency: 10, isElected: true })];
    await run(20_000);
    expect(await behind()).toEqual([]);
    for (const shards of [3, 4, 1]) {
      const next = [1, 2].map(() => (shards > 1 ? start(shards) : sim.start({ hasClasses: true, isElected: true })));
      await editAll(`before ${shards}`);
      await run(20_000);
      expect(next.flatMap((replica) => replica.held)).toEqual([]);
      for (const replica of running) await Promise.all([replica.stop(), run(15_000)]);
      await editAll(`after ${shards}`);
      await run(40_000);
      expect(await behind(`after ${shards}`)).toEqual([]);
      running = next;
    }
    expect(sim.writesWithoutLease).toEqual([]);
    expect(creations()).toHaveLength(4 * ACCOUNTS);
  });
});
