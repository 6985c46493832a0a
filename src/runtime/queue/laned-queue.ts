import { ReadyQueue } from "./ready-queue.ts";
import type { TakenKey, WorkQueue } from "./work-queue.ts";

/** What workers need of a queue. */
export type WorkerQueue = Pick<
  WorkQueue,
  "get" | "done" | "addRateLimited" | "addAfter" | "forget" | "failuresOf" | "shutDown"
>;

/** How keys share the workers. */
export interface Lanes {
  /** Keys of one lane may hold each other up, and no others. */
  readonly laneOf: (key: string) => string;
  /** How many keys of one lane may be worked on at once; at least 1. */
  readonly size: () => number;
}

/**
 * A queue whose keys go to the workers in lanes of limited size: where all of a lane's keys are slow, workers are left for the
 * others. A key whose lane is full waits outside of the queue until one of its lane is done, the most urgent first.
 *
 * Guarantees and assumptions: those of {@link WorkQueue}.
 */
export class LanedQueue implements WorkerQueue {
  readonly #queue: WorkQueue;
  readonly #lanes: Lanes;
  /** Keys in the hands of workers, by lane. */
  readonly #running = new Map<string, Set<string>>();
  /** Keys whose lane is full, by lane. */
  readonly #waiting = new Map<string, ReadyQueue>();

  constructor(queue: WorkQueue, lanes: Lanes) {
    this.#queue = queue;
    this.#lanes = lanes;
  }

  async get(): Promise<TakenKey | undefined> {
    for (let taken = await this.#queue.get(); taken !== undefined; taken = await this.#queue.get()) {
      if (this.#enter(taken)) return taken;
      this.#queue.done(taken.key);
    }
    return undefined;
  }

  done(key: string): void {
    this.#queue.done(key);
    for (const [lane, running] of this.#running) {
      if (!running.delete(key)) continue;
      this.#release(lane, this.#lanes.size() - running.size);
      if (running.size === 0) this.#running.delete(lane);
      return;
    }
  }

  addRateLimited: WorkQueue["addRateLimited"] = (key, options) => this.#queue.addRateLimited(key, options);
  addAfter: WorkQueue["addAfter"] = (key, delayMs, options) => this.#queue.addAfter(key, delayMs, options);
  forget: WorkQueue["forget"] = (key) => this.#queue.forget(key);
  failuresOf: WorkQueue["failuresOf"] = (key) => this.#queue.failuresOf(key);

  shutDown: WorkQueue["shutDown"] = (mode) => {
    this.#waiting.clear();
    return this.#queue.shutDown(mode);
  };

  #enter({ key, priority }: TakenKey): boolean {
    const lane = this.#lanes.laneOf(key);
    const running = this.#running.get(lane) ?? new Set();
    this.#running.set(lane, running);
    if (running.size < this.#lanes.size()) {
      running.add(key);
      // It may have waited, and been added again since: this run is for both.
      for (const waiting of this.#waiting.values()) waiting.remove(key);
      return true;
    }
    const waiting = this.#waiting.get(lane) ?? new ReadyQueue();
    this.#waiting.set(lane, waiting);
    // Only the order of coming counts: how long a key has been ready, its queue has told.
    waiting.put(key, priority, 0);
    return false;
  }

  #release(lane: string, count: number): void {
    const waiting = this.#waiting.get(lane);
    if (waiting === undefined) return;
    for (let left = count; left > 0; left -= 1) {
      const next = waiting.take();
      if (next === undefined) break;
      this.#queue.add(next.key, { priority: next.priority });
    }
    if (waiting.size === 0) this.#waiting.delete(lane);
  }
}
