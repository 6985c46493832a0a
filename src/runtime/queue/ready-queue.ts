import type { Shares } from "./shares.ts";

/** A key that is ready to be taken. */
export interface ReadyKey {
  readonly key: string;
  readonly lane: string;
  readonly priority: number;
  /** Monotonic ms at which the key became ready. */
  readonly sinceMs: number;
}

/** The keys of one lane and priority, by group. The first group is the next one; a Set keeps arrival order. */
type Turns = Map<string, Set<string>>;

/** One of so many keys is the one that has waited longest, whatever its priority, so that no priority starves the lower ones. */
const TAKES_PER_OLDEST = 5;

/**
 * Ready keys without duplicates: highest priority first; within one priority, lanes and the groups of a lane take turns, and a group
 * is FIFO. Every fifth key is the one that has waited longest of those that are next in turn.
 */
export class ReadyQueue {
  readonly #shares: Pick<Shares, "groupOf" | "laneOf">;
  readonly #entries = new Map<string, ReadyKey>();
  /** The first lane is the next one. */
  readonly #lanes = new Map<string, Map<number, Turns>>();
  #taken = 0;

  constructor(shares: Pick<Shares, "groupOf" | "laneOf">) {
    this.#shares = shares;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Number of keys by priority; priorities without keys are absent. */
  depths(): ReadonlyMap<number, number> {
    const depths = new Map<number, number>();
    for (const { priority } of this.#entries.values()) depths.set(priority, (depths.get(priority) ?? 0) + 1);
    return depths;
  }

  /** All keys, in the order in which they became ready. */
  entries(): IterableIterator<ReadyKey> {
    return this.#entries.values();
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Adds the key, or raises its priority if it is queued. */
  put(key: string, priority: number, nowMs: number): void {
    const known = this.#entries.get(key);
    if (known !== undefined && known.priority >= priority) return;
    if (known !== undefined) this.#leaveTurns(known);
    const lane = known?.lane ?? this.#shares.laneOf(key);
    this.#entries.set(key, { key, lane, priority, sinceMs: known?.sinceMs ?? nowMs });
    const priorities = getOrCreate(this.#lanes, lane, () => new Map<number, Turns>());
    const turns = getOrCreate(priorities, priority, (): Turns => new Map());
    getOrCreate(turns, this.#shares.groupOf(key), () => new Set<string>()).add(key);
  }

  /** Takes the next key of those that may run now. */
  take(admits: (lane: string, priority: number) => boolean): ReadyKey | undefined {
    const isForOldest = (this.#taken + 1) % TAKES_PER_OLDEST === 0;
    let best: ReadyKey | undefined;
    for (const [lane, priorities] of this.#lanes) {
      for (const [priority, turns] of priorities) {
        const next = this.#nextOf(turns);
        const isBetter = best === undefined || (isForOldest ? next.sinceMs < best.sinceMs : priority > best.priority);
        if (isBetter && admits(lane, priority)) best = next;
      }
    }
    if (best === undefined) return undefined;
    this.#taken += 1;
    this.#passTurn(best);
    return this.remove(best.key);
  }

  /** Removes the key; undefined if it is not queued. */
  remove(key: string): ReadyKey | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#leaveTurns(entry);
    this.#entries.delete(key);
    return entry;
  }

  /** Drops everything. */
  clear(): void {
    this.#entries.clear();
    this.#lanes.clear();
  }

  #nextOf(turns: Turns): ReadyKey {
    const [[key]] = turns.values() as unknown as [[string]];
    return this.#entries.get(key) as ReadyKey;
  }

  /** Puts the lane and the group of the key last. */
  #passTurn({ key, lane, priority }: ReadyKey): void {
    const priorities = this.#lanes.get(lane);
    putLast(this.#lanes, lane);
    const turns = priorities?.get(priority);
    if (turns !== undefined) putLast(turns, this.#shares.groupOf(key));
  }

  /** Removes empty collections too, so that the next of each is the next key. */
  #leaveTurns({ key, lane, priority }: ReadyKey): void {
    const priorities = this.#lanes.get(lane);
    const turns = priorities?.get(priority);
    const group = this.#shares.groupOf(key);
    const keys = turns?.get(group);
    keys?.delete(key);
    if (keys?.size === 0) turns?.delete(group);
    if (turns?.size === 0) priorities?.delete(priority);
    if (priorities?.size === 0) this.#lanes.delete(lane);
  }
}

function getOrCreate<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  const known = map.get(key) ?? create();
  map.set(key, known);
  return known;
}

function putLast<K, V>(map: Map<K, V>, key: K): void {
  const value = map.get(key);
  if (value === undefined) return;
  map.delete(key);
  map.set(key, value);
}
