import fc, { array, boolean, integer, record, uniqueArray } from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ShardReplica,
  type ShardView,
  shardsToAcquire,
  shardToGiveUp,
} from "../../../src/runtime/election/shard-assignment.ts";

const replica = (id: string, shards: readonly number[], isAvailable = true): ShardReplica => ({
  id,
  shards,
  isAvailable,
});
const view = (shards: number, self: string, ...replicas: readonly ShardReplica[]): ShardView => ({
  shards,
  self,
  replicas,
});

/** Replicas, some of them away, that share some of the shards. */
const aGroup = record({
  shards: integer({ min: 1, max: 40 }),
  replicas: uniqueArray(record({ id: integer({ min: 0, max: 999 }).map(String), isAvailable: boolean() }), {
    minLength: 1,
    maxLength: 12,
    selector: ({ id }) => id,
  }),
  holders: array(integer({ min: -3, max: 11 }), { minLength: 40, maxLength: 40 }),
}).map(({ shards, replicas, holders }) => ({
  shards,
  replicas: replicas.map((one, index) => ({
    ...one,
    shards: holders.flatMap((holder, shard) => (holder === index && shard < shards ? [shard] : [])),
  })),
}));

const available = (replicas: readonly ShardReplica[]): readonly ShardReplica[] =>
  replicas.filter(({ isAvailable }) => isAvailable);

/** One round: what the replicas decide, carried out. */
function next(shards: number, replicas: readonly ShardReplica[]): readonly ShardReplica[] {
  return available(replicas).map((one) => {
    const seen = { shards, self: one.id, replicas };
    const given = shardToGiveUp(seen);
    return { ...one, shards: [...one.shards.filter((shard) => shard !== given), ...shardsToAcquire(seen)] };
  });
}

describe("the shards without a holder", () => {
  test("go to the available replicas, each to one", () => {
    fc.assert(
      fc.property(aGroup, ({ shards, replicas }) => {
        const held = new Set(available(replicas).flatMap((one) => one.shards));
        const acquired = available(replicas).flatMap(({ id }) => shardsToAcquire({ shards, self: id, replicas }));
        const expected = Array.from({ length: shards }, (_, shard) => shard).filter((shard) => !held.has(shard));
        const isNone = available(replicas).length === 0;
        expect(acquired.toSorted((a, b) => a - b)).toEqual(isNone ? [] : expected);
      }),
    );
  });

  test("go to the replica with the fewest", () => {
    const replicas = [replica("a", [0, 1]), replica("b", [2]), replica("c", [3, 4, 5], false)];
    expect(shardsToAcquire(view(6, "b", ...replicas))).toHaveLength(2);
    expect(shardsToAcquire(view(6, "a", ...replicas))).toHaveLength(1);
    expect(shardsToAcquire(view(6, "c", ...replicas))).toEqual([]);
  });

  test("go past a replica that does not reach the Leases of shards, unless no replica does", () => {
    const fails = (id: string): ShardReplica => ({ ...replica(id, []), hasLeaseFault: true });
    expect(shardsToAcquire(view(3, "a", replica("a", [0]), fails("b")))).toEqual([1, 2]);
    expect(shardsToAcquire(view(3, "b", replica("a", [0]), fails("b")))).toEqual([]);
    const all = ["a", "b"].flatMap((id) => shardsToAcquire(view(3, id, fails("a"), fails("b"))));
    expect(all.toSorted()).toEqual([0, 1, 2]);
  });
});

describe("a replica gives a shard up", () => {
  test.each([
    ["when another has two fewer", [[0, 1, 2], [3]], [2, undefined]],
    ["not when another has one fewer", [[0, 1], [2]], [undefined, undefined]],
    ["not while a shard has no holder", [[0, 1, 2], []], [undefined, undefined]],
  ] as const)("%s", (what, shards, expected) => {
    const replicas = shards.map((held, index) => replica(`r${index}`, held));
    const count = shards.flat().length + (what.includes("no holder") ? 1 : 0);
    expect(replicas.map(({ id }) => shardToGiveUp(view(count, id, ...replicas)))).toEqual(expected);
  });

  test("never to one that is not available, or does not reach the Leases of shards", () => {
    expect(shardToGiveUp(view(3, "a", replica("a", [0, 1, 2]), replica("b", [], false)))).toBeUndefined();
    const fails = { ...replica("b", []), hasLeaseFault: true };
    expect(shardToGiveUp(view(3, "a", replica("a", [0, 1, 2]), fails))).toBeUndefined();
  });
});

test("whatever the start, all shards end in shares that differ by one at most, and then nothing moves", () => {
  fc.assert(
    fc.property(aGroup, ({ shards, replicas }) => {
      if (available(replicas).length === 0) return;
      let group: readonly ShardReplica[] = replicas;
      for (let round = 0; round < 2 * shards + 2; round += 1) group = next(shards, group);
      const counts = group.map((one) => one.shards.length);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      expect(group.flatMap((one) => one.shards)).toHaveLength(shards);
      expect(next(shards, group)).toEqual(group);
    }),
  );
});
