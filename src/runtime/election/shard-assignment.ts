import { createHash } from "node:crypto";

/** A replica as the others see it. */
export interface ShardReplica {
  /** Unique among all processes ever. */
  readonly id: string;
  /** The shards that it holds and does not give up. */
  readonly shards: readonly number[];
  /** False while it shuts down, or has not reported for a while: others take its shards, and it gets none. */
  readonly isAvailable: boolean;
  /** True when it does not reach the Leases of shards: others get its share. */
  readonly hasLeaseFault?: boolean;
}

/** What one replica knows when it decides. */
export interface ShardView {
  /** The number of shards. */
  readonly shards: number;
  /** The id of the replica that decides. */
  readonly self: string;
  /** All replicas, with the one that decides. */
  readonly replicas: readonly ShardReplica[];
}

/**
 * The shards that this replica campaigns for: of those that no available replica holds, each goes to the replica that has the fewest. Pure,
 * and the same for all replicas with the same view. Where views differ, the Lease of the shard decides.
 */
export function shardsToAcquire({ shards, self, replicas }: ShardView): readonly number[] {
  const counts = countsOf(replicas);
  const held = new Set(available(replicas).flatMap((one) => one.shards));
  const acquired: number[] = [];
  for (let shard = 0; shard < shards; shard += 1) {
    if (held.has(shard)) continue;
    const id = fewest(counts, shard);
    if (id === undefined) return [];
    counts.set(id, (counts.get(id) ?? 0) + 1);
    if (id === self) acquired.push(shard);
  }
  return acquired;
}

/**
 * The shard that this replica gives up, so that another gets it: only when every shard has a holder, and another replica holds at least two
 * fewer. So it ends as soon as no move makes the shares more equal.
 */
export function shardToGiveUp(view: ShardView): number | undefined {
  const { shards, self, replicas } = view;
  const held = new Set(available(replicas).flatMap((one) => one.shards));
  if (held.size < shards || !donors(countsOf(replicas)).has(self)) return undefined;
  return replicas.find(({ id }) => id === self)?.shards.at(-1);
}

/** The replicas that have to give up a shard. */
function donors(counts: Map<string, number>): ReadonlySet<string> {
  const found = new Set<string>();
  for (;;) {
    const byCount = [...counts].sort(([a, m], [b, n]) => m - n || (a < b ? -1 : 1));
    const [[least, low] = ["", 0], [most, high] = ["", 0]] = [byCount[0], byCount.at(-1)];
    if (high - low < 2) return found;
    found.add(most);
    counts.set(most, high - 1).set(least, low + 1);
  }
}

/** The id of the replica with the fewest shards; of several, the one with the highest hash, so that they differ by shard. */
function fewest(counts: ReadonlyMap<string, number>, shard: number): string | undefined {
  const low = Math.min(...counts.values());
  const [first] = [...counts]
    .filter(([, count]) => count === low)
    .map(([id]) => ({ id, weight: createHash("sha256").update(`${shard}/${id}`).digest("hex") }))
    .sort((a, b) => (a.weight > b.weight ? -1 : 1));
  return first?.id;
}

function countsOf(replicas: readonly ShardReplica[]): Map<string, number> {
  return new Map(candidates(replicas).map(({ id, shards }) => [id, shards.length]));
}

/** The replicas that can get shards. Where no replica reaches the Leases, all of them go on trying. */
function candidates(replicas: readonly ShardReplica[]): readonly ShardReplica[] {
  const all = available(replicas);
  const able = all.filter(({ hasLeaseFault }) => hasLeaseFault !== true);
  return able.length > 0 ? able : all;
}

function available(replicas: readonly ShardReplica[]): readonly ShardReplica[] {
  return replicas.filter(({ isAvailable }) => isAvailable);
}
