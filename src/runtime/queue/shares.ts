/** How the keys of a queue share its workers. The functions are called for every key, so they must be cheap. */
export interface Shares {
  /** The group of a key: within one priority, groups take turns. */
  readonly groupOf: (key: string) => string;
  /** The lane of a key: slow keys delay only keys of the same lane. */
  readonly laneOf: (key: string) => string;
  /** The number of lanes that share the workers. */
  readonly lanes: () => number;
  /** The number of workers. */
  readonly workers: number;
  /** Keys of this or a higher priority are urgent: the others leave room for them. */
  readonly urgentFrom: number;
}

/** One group, one lane, no limits. */
export const UNSHARED: Shares = {
  groupOf: () => "",
  laneOf: () => "",
  lanes: () => 1,
  workers: Number.POSITIVE_INFINITY,
  urgentFrom: Number.NEGATIVE_INFINITY,
};

/** One of so many workers is for urgent keys alone. */
const WORKERS_PER_RESERVED = 5;

/** A key that runs. */
interface RunningKey {
  readonly lane: string;
  readonly isUrgent: boolean;
  /** Monotonic ms. */
  readonly sinceMs: number;
}

interface Load {
  all: number;
  /** Those that are not urgent. */
  bulk: number;
}

/**
 * The running keys of a queue, and whether one more may run.
 *
 * Each lane has an equal share of the workers, at least one. Keys that are not urgent leave one worker of their lane's share and a
 * fifth of all workers free, so that an urgent key need not wait for them. With a share of one, an urgent key may exceed it by one.
 */
export class RunningKeys {
  readonly #shares: Shares;
  readonly #keys = new Map<string, RunningKey>();
  readonly #lanes = new Map<string, Load>();
  #bulk = 0;

  constructor(shares: Shares) {
    this.#shares = shares;
  }

  get size(): number {
    return this.#keys.size;
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  entries(): IterableIterator<[string, RunningKey]> {
    return this.#keys.entries();
  }

  /** Whether one more key of this lane and priority may run. */
  admits(lane: string, priority: number): boolean {
    const { workers, lanes, urgentFrom } = this.#shares;
    if (workers === Number.POSITIVE_INFINITY) return true;
    const { all, bulk } = this.#lanes.get(lane) ?? { all: 0, bulk: 0 };
    const share = Math.max(1, Math.floor(workers / Math.max(1, lanes())));
    if (priority >= urgentFrom) return all < Math.max(2, share);
    const reserved = Math.min(workers - 1, Math.ceil(workers / WORKERS_PER_RESERVED));
    return this.#bulk < workers - reserved && bulk < Math.max(1, share - 1) && all < share;
  }

  start(key: string, lane: string, priority: number, nowMs: number): void {
    const isUrgent = priority >= this.#shares.urgentFrom;
    this.#keys.set(key, { lane, isUrgent, sinceMs: nowMs });
    this.#count(lane, isUrgent, 1);
  }

  /** Ends the run of a key; undefined when it does not run. */
  end(key: string): RunningKey | undefined {
    const ended = this.#keys.get(key);
    if (ended === undefined) return undefined;
    this.#keys.delete(key);
    this.#count(ended.lane, ended.isUrgent, -1);
    return ended;
  }

  #count(lane: string, isUrgent: boolean, by: number): void {
    const { all, bulk } = this.#lanes.get(lane) ?? { all: 0, bulk: 0 };
    const byBulk = isUrgent ? 0 : by;
    if (all + by === 0) this.#lanes.delete(lane);
    else this.#lanes.set(lane, { all: all + by, bulk: bulk + byBulk });
    this.#bulk += byBulk;
  }
}
