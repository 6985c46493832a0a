import {
  type Arbitrary,
  array,
  assert,
  asyncProperty,
  constantFrom,
  double,
  integer,
  oneof,
  record,
  tuple,
} from "fast-check";
import { expect, test } from "vitest";
import { lawRuns } from "../../support/law-runs.ts";
import { GROUP_LEASE, type ShardedReplica, ShardWorld } from "../../support/shard-world.ts";

const SPAN_MS = 60_000;

/** Up to 15 % fast or slow: 1.15 / 0.85 is below leaseDuration / renewDeadline, 15 s / 10 s. */
const aMachine = record({
  clockRate: double({ min: 0.85, max: 1.15, noNaN: true }),
  wallSkewMs: integer({ min: -86_400_000, max: 86_400_000 }),
  random: double({ min: 0, max: 1, noNaN: true }),
  startMs: integer({ min: 0, max: 20_000 }),
  drainMs: oneof(constantFrom(0), integer({ min: 0, max: 40_000 })),
});

const aDelay = oneof({ weight: 4, arbitrary: integer({ min: 1, max: 300 }) }, integer({ min: 0, max: 25_000 }));

const aFate = record({
  kind: oneof(
    { weight: 9, arbitrary: constantFrom("answered" as const) },
    constantFrom("refused" as const, "lost" as const, "hung" as const),
  ),
  requestMs: aDelay,
  replyMs: aDelay,
});

const anIncident = record({
  atMs: integer({ min: 0, max: SPAN_MS }),
  machine: integer({ min: 0, max: 2 }),
  kind: constantFrom("freeze", "stop", "kill", "cutOff", "jumpWallClock", "restart", "upgrade", "single"),
  amountMs: integer({ min: 0, max: 40_000 }),
});

const aStory = record({
  machines: tuple(aMachine, aMachine, aMachine),
  fates: array(aFate, { minLength: 1, maxLength: 40 }),
  incidents: array(anIncident, { maxLength: 12 }),
});

type Story = typeof aStory extends Arbitrary<infer T> ? T : never;

/** Three machines, each with one process after the other, and what is to befall them on a timetable. */
class Play {
  readonly world: ShardWorld = new ShardWorld(12);
  readonly #machines: Story["machines"];
  readonly #dark = new Map<number, number>();
  #shards = 3;

  constructor({ machines, fates, incidents }: Story) {
    this.#machines = machines;
    let calls = 0;
    this.world.judge = ({ replica }) => {
      const darkUntilMs = this.#dark.get(Number(replica.split("-")[0])) ?? 0;
      if (this.world.clock.monotonicMs() < darkUntilMs) return { kind: "hung" };
      return fates[calls++ % fates.length] ?? { kind: "answered" };
    };
    for (const [index, { startMs }] of machines.entries()) this.world.clock.schedule(startMs, () => this.start(index));
    for (const incident of incidents) this.world.clock.schedule(incident.atMs, () => this.#befall(incident));
  }

  start(index: number, more: { readonly shards?: number; readonly drainMs?: number } = {}): ShardedReplica {
    const { startMs: _, random = 0, ...machine } = this.#machines[index] ?? {};
    const options = { shards: this.#shards, ...machine, random: () => random, ...more };
    return this.world.start(`${index}-${this.world.replicas.length}`, options);
  }

  /** What remains of the story: no more incidents, and three replicas of one number of shards. */
  async end(): Promise<void> {
    this.world.judge = () => ({ kind: "answered" });
    for (const replica of this.world.replicas) replica.kill();
    for (const index of [0, 1, 2]) this.start(index, { drainMs: 0 });
    await this.world.clock.advance(90_000);
  }

  #befall({ machine, kind, amountMs }: Story["incidents"][number]): void {
    const victim = this.world.replicas.findLast(({ name }) => name.startsWith(`${machine}-`));
    switch (kind) {
      case "freeze":
        victim?.clock.block(amountMs);
        break;
      case "kill":
        victim?.kill();
        break;
      case "cutOff":
        this.#dark.set(machine, this.world.clock.monotonicMs() + amountMs);
        break;
      case "jumpWallClock":
        victim?.clock.jumpWallClock(amountMs - 15_000);
        break;
      case "stop":
        void victim?.stop();
        break;
      case "restart":
        this.start(machine);
        break;
      case "upgrade":
        this.#shards = this.#shards === 3 ? 4 : 3;
        void victim?.stop();
        this.start(machine);
        break;
      case "single":
        this.start(machine, { shards: 1 });
    }
    this.world.look();
  }
}

test("no account ever has two writers, and in the end each has one, whatever becomes of three replicas, their requests and their number of shards", {
  timeout: 600_000,
}, async () => {
  let handOvers = 0;
  await assert(
    asyncProperty(aStory, async (story) => {
      const play = new Play(story);
      const { world } = play;
      await world.clock.advance(SPAN_MS);
      expect(world.conflicts).toEqual([]);
      await play.end();
      expect(world.conflicts).toEqual([]);
      expect(world.accounts.filter((account) => world.writersOf(account).length !== 1)).toEqual([]);
      for (const { leaseTransitions = 0 } of world.leases.values()) handOvers += leaseTransitions;
      for (const replica of world.replicas) replica.kill();
    }),
    { numRuns: Number(process.env["SHARD_RUNS"] ?? lawRuns(30)) },
  );
  // The law would hold for replicas that never write.
  expect(handOvers).toBeGreaterThan(lawRuns(60));
});

test("a replica that cannot renew the Lease of the group writes for no shard when a single leader can, though it renews those of its shards", async () => {
  const world = new ShardWorld(12);
  const replica = world.start("sharded", { shards: 3 });
  await world.clock.advance(20_000);
  expect(world.shares()).toEqual({ sharded: 12 });
  world.judge = (call) => ({
    kind: call.replica === "sharded" && call.lease === GROUP_LEASE ? "hung" : "answered",
  });
  world.start("single", { shards: 1 });
  await world.clock.advance(8_500);
  // It wakes up when another process leads, and the Leases of its shards are still valid.
  replica.clock.block(10_000);
  await world.clock.advance(40_000);
  expect(world.shares()).toEqual({ single: 12 });
  expect(world.conflicts).toEqual([]);
});

test("a replica that lost a shard while its work still ran gets it again only when the former Lease has expired", async () => {
  const world = new ShardWorld(12);
  // Its work never ends in time, so that the Lease is not released.
  const replica = world.start("sharded", { shards: 2, drainMs: 60_000 });
  await world.clock.advance(20_000);
  world.judge = ({ lease }) => ({ kind: lease === GROUP_LEASE ? "answered" : "hung" });
  await world.clock.advance(11_000);
  expect(replica.mayWriteAny()).toBe(false);
  world.judge = () => ({ kind: "answered" });
  await world.clock.advance(4_000);
  expect(replica.mayWriteAny()).toBe(false);
  await world.clock.advance(25_000);
  expect(world.shares()).toEqual({ sharded: 12 });
});

test("a replica that was frozen while a single leader led begins anew, though its group has the Lease again", async () => {
  const world = new ShardWorld(12);
  const frozen = world.start("frozen", { shards: 3 });
  await world.clock.advance(20_000);
  expect([world.shares(), frozen.tenures]).toEqual([{ frozen: 12 }, 3]);
  frozen.clock.block(33_000);
  const single = world.start("single", { shards: 1 });
  await world.clock.advance(20_000);
  expect(world.shares()).toEqual({ single: 12 });
  void single.stop();
  await world.clock.advance(3_000);
  // It is in the group, and has not campaigned for a shard yet when the frozen replica wakes up.
  world.start("second", { shards: 3 });
  await world.clock.advance(60_000);
  expect(served(world)).toBe(12);
  const { holderIdentity = "" } = world.leases.get(`${GROUP_LEASE}-shard-0`) ?? {};
  expect(holderIdentity).not.toBe("pod_frozen_all_1");
  expect(world.conflicts).toEqual([]);
});

test("a replica that does not reach the Leases of shards loses its share to the others, and is not ready", async () => {
  const world = new ShardWorld(60);
  let isCut = true;
  world.judge = ({ replica, lease }) => ({
    kind: isCut && replica === "bad" && lease !== GROUP_LEASE ? "refused" : "answered",
  });
  const bad = world.start("bad", { shards: 6 });
  world.start("r0", { shards: 6 });
  const last = world.start("r1", { shards: 6 });
  await world.clock.advance(120_000);
  expect(Object.keys(world.shares()).toSorted()).toEqual(["r0", "r1"]);
  expect(served(world)).toBe(60);
  expect(bad.elections?.accessFault).toContain("-shard-");
  last.kill();
  await world.clock.advance(60_000);
  expect(served(world)).toBe(60);
  // With no other replica it goes on trying, and a shard that it acquires ends the fault.
  world.replicas[1]?.kill();
  isCut = false;
  await world.clock.advance(60_000);
  expect([served(world), bad.elections?.accessFault]).toEqual([60, undefined]);
  expect(world.conflicts).toEqual([]);
});

function served(world: ShardWorld): number {
  return Object.values(world.shares()).reduce((sum, count) => sum + count, 0);
}

test("a replica with another lease duration joins no group whose members rely on theirs", async () => {
  const world = new ShardWorld(12);
  const timings = { leaseDurationMs: 60_000, renewDeadlineMs: 40_000, retryPeriodMs: 2_000 };
  world.start("long", { shards: 2, timings });
  await world.clock.advance(10_000);
  const short = world.start("short", { shards: 2 });
  await world.clock.advance(30_000);
  world.judge = ({ replica }) => ({ kind: replica === "long" ? "hung" : "answered" });
  await world.clock.advance(2_000);
  short.kill();
  world.start("single", { shards: 1 });
  await world.clock.advance(90_000);
  expect(world.shares()).toEqual({ single: 12 });
  expect(world.conflicts).toEqual([]);
});

test("a candidate does not lead at once when someone deletes the Lease that the others rely on", async () => {
  for (const shards of [1, 3]) {
    const world = new ShardWorld(12);
    world.start("first", { shards });
    await world.clock.advance(20_000);
    world.start("outsider", { shards: shards === 1 ? 1 : 4 });
    await world.clock.advance(10_000);
    // Up to the renew deadline, what cannot reach the API server does not learn of it.
    world.judge = ({ replica }) => ({ kind: replica === "first" ? "hung" : "answered" });
    world.leases.delete(GROUP_LEASE);
    await world.clock.advance(40_000);
    expect(world.shares()).toEqual({ outsider: 12 });
    expect(world.conflicts).toEqual([]);
  }
});

test("a replica that loses a shard while it gives it up sends nothing again", async () => {
  const world = new ShardWorld(12);
  const first = world.start("first", { shards: 2, drainMs: 20_000 });
  await world.clock.advance(20_000);
  world.start("second", { shards: 2 });
  await world.clock.advance(22_000);
  expect([first.elections?.held.length, first.elections?.mayWriteAll()]).toEqual([1, true]);
  const [kept = 0] = first.elections?.held ?? [];
  world.judge = ({ lease }) => ({ kind: lease.endsWith(`-shard-${1 - kept}`) ? "hung" : "answered" });
  await world.clock.advance(12_000);
  expect(first.elections?.mayWriteAll()).toBe(false);
  world.judge = () => ({ kind: "answered" });
  await world.clock.advance(60_000);
  expect([first.elections?.held.length, first.elections?.mayWriteAll()]).toEqual([1, true]);
});

test("1,000 accounts on 12 replicas have one writer each, in even shares, through kills, a freeze, a cut-off and a rolling update", {
  timeout: 60_000,
}, async () => {
  const world = new ShardWorld(1_000);
  const dark = new Set<string>();
  let calls = 0;
  world.judge = ({ replica }) => ({
    kind: dark.has(replica) ? "hung" : "answered",
    requestMs: 1 + ((calls++ * 7) % 23),
  });
  const start = (name: string): ShardedReplica => world.start(name, { shards: 48, drainMs: 500 });
  for (let i = 0; i < 12; i += 1) start(`first-${i}`);
  const served = (): number => Object.values(world.shares()).reduce((sum, count) => sum + count, 0);
  const shardsHeld = (): readonly number[] =>
    world.replicas.filter((replica) => replica.mayWriteAny()).map(({ elections }) => elections?.held.length ?? 0);
  const even = Array.from({ length: 12 }, () => 4);

  await world.clock.advance(20_000);
  expect(served()).toBe(1_000);
  await world.clock.advance(40_000);
  expect(shardsHeld()).toEqual(even);

  // One dies, one freezes, one is cut off: their accounts have other writers after the lease duration.
  world.replicas[0]?.kill();
  world.replicas[1]?.clock.block(60_000);
  dark.add("first-2");
  await world.clock.advance(25_000);
  expect(served()).toBe(1_000);
  dark.clear();
  start("second-0");
  await world.clock.advance(90_000);
  expect(shardsHeld()).toEqual(even);

  // Pod by pod: one comes, then one goes.
  const old = world.replicas.filter(({ name }) => name.startsWith("first-") && name !== "first-0");
  for (const [i, replica] of old.entries()) {
    start(`third-${i}`);
    await world.clock.advance(6_000);
    void replica.stop();
    await world.clock.advance(4_000);
  }
  await world.clock.advance(60_000);
  expect(served()).toBe(1_000);
  expect(shardsHeld()).toEqual(even);
  expect(world.conflicts).toEqual([]);
});
