import { beforeEach, describe, expect, test } from "vitest";
import type { LeaseLock } from "../../../src/runtime/election/leader-election-lock.ts";
import { ShardGroup } from "../../../src/runtime/election/shard-group.ts";
import { MachineClock } from "../../support/machine-clock.ts";
import { GROUP_LEASE, ShardWorld } from "../../support/shard-world.ts";

const { signal } = new AbortController();
const write = (holderIdentity: string) => ({ holderIdentity, leaseDurationMs: 15_000, renewTimeMs: 0 });

let world: ShardWorld;
let lock: LeaseLock;
beforeEach(() => {
  world = new ShardWorld(1);
  lock = world.lockOf({ name: "test", clock: new MachineClock(world.clock) }, GROUP_LEASE);
});

function member(id: string): ShardGroup {
  return new ShardGroup({
    lease: lock,
    identity: "group",
    id,
    pod: id,
    annotationPrefix: "replica-",
    monotonicMs: () => world.clock.monotonicMs(),
    staleMs: 5_000,
    goneMs: 30_000,
  });
}

async function done<T>(work: Promise<T>): Promise<T> {
  await world.clock.advance(50);
  return work;
}

const annotations = (): readonly string[] => Object.keys(world.leases.get(GROUP_LEASE)?.annotations ?? {});
const holder = (): string | undefined => world.leases.get(GROUP_LEASE)?.holderIdentity;

/** Takes the lease of the group, or renews it. */
async function renew(group: ShardGroup): Promise<void> {
  const seen = await done(group.read(signal));
  await done(seen === undefined ? group.create(write("group"), signal) : group.update(write("group"), seen, signal));
}

async function leave(group: ShardGroup): Promise<unknown> {
  const seen = await done(group.read(signal));
  return seen && done(group.update(write(""), seen, signal));
}

describe("the lease of a group", () => {
  test("tells each replica what the others hold, as long as they report", async () => {
    const [a, b] = [member("a"), member("b")];
    a.report({ shards: [0], isLeaving: false, hasLeaseFault: false });
    await renew(a);
    b.report({ shards: [1, 2], isLeaving: false, hasLeaseFault: false });
    await renew(b);
    expect(b.replicas).toEqual([
      { id: "a", shards: [0], hasLeaseFault: false, isAvailable: true },
      { id: "b", shards: [1, 2], hasLeaseFault: false, isAvailable: true },
    ]);
    await world.clock.advance(4_000);
    await renew(b);
    expect(b.replicas[0]?.isAvailable).toBe(true);
    await world.clock.advance(1_000);
    expect(b.replicas[0]?.isAvailable).toBe(false);
    await renew(a);
    await renew(b);
    expect(b.replicas[0]?.isAvailable).toBe(true);
    a.report({ shards: [0], isLeaving: true, hasLeaseFault: false });
    await renew(a);
    await renew(b);
    expect(b.replicas[0]?.isAvailable).toBe(false);
  });

  test("is released by the last replica alone", async () => {
    const [a, b] = [member("a"), member("b")];
    await renew(a);
    await renew(b);
    expect(await leave(a)).toBeUndefined();
    expect([holder(), annotations()]).toEqual(["group", ["replica-b"]]);
    expect(await leave(b)).toBeDefined();
    expect([holder(), annotations()]).toEqual(["", []]);
  });

  test("is not released while a replica may be alive that no longer reports, which is forgotten later", async () => {
    const [a, dead] = [member("a"), member("dead")];
    await renew(dead);
    await renew(a);
    await world.clock.advance(29_000);
    await renew(a);
    expect(annotations()).toContain("replica-dead");
    await leave(a);
    expect(holder()).toBe("group");
    await renew(a);
    await world.clock.advance(2_000);
    await renew(a);
    expect(annotations()).toEqual(["replica-a"]);
    await leave(a);
    expect(holder()).toBe("");
  });

  test("is not renewed for a group that has lost it, and takes over none of the entries of another", async () => {
    const a = member("a");
    await renew(a);
    const seen = await done(a.read(signal));
    await done(lock.update({ ...write("other"), annotations: { "replica-x": "{}" } }, seen as never, signal));
    expect(await done(a.update(write("group"), seen as never, signal))).toBeUndefined();
    expect(holder()).toBe("other");
    const lost = await done(a.read(signal));
    await done(a.update(write("group"), lost as never, signal));
    expect([holder(), annotations()]).toEqual(["group", ["replica-a"]]);
  });

  test.each(["", "{", '{"shards":"all"}', '{"shards":[0.5]}', "[]"])(
    "gives no shards to an entry of another client: %j",
    async (text) => {
      const a = member("a");
      await renew(a);
      const seen = await done(a.read(signal));
      await done(lock.update({ ...write("group"), annotations: { "replica-x": text } }, seen as never, signal));
      await renew(a);
      expect(a.replicas[0]).toEqual({ id: "x", shards: [], hasLeaseFault: false, isAvailable: false });
    },
  );
});
