import { ReadyQueue } from "./ready-queue.ts";
import type { TakenKey, WorkQueue } from "./work-queue.ts";

/** The part of a queue that workers use. */
export type WorkerQueue = Pick<
  WorkQueue,
  "get" | "done" | "addRateLimited" | "addAfter" | "forget" | "failuresOf" | "shutDown"
>;

/** How keys share the workers. */
export interface Lanes {
  /** Returns the lane of a key. Slow keys delay only keys of the same lane. */
  readonly laneOf: (key: string) => string;
  /** Maximum number of concurrently running keys per lane; at least 1. */
  readonly size: () => number;
}

/**
 * A queue that limits how many keys of one lane run at once, so that a lane of slow keys cannot occupy all workers. Keys of a
 * full lane wait outside of the queue until a key of the lane is done, highest priority first.
 *
 * Guarantees and assumptions: those of {@link WorkQueue}.
 */
export class LanedQueue implements WorkerQueue {
  readonly #queue: WorkQueue;
  readonly #lanes: Lanes;
  /** Running keys, by lane. */
  readonly #running = new Map<string, Set<string>>();
  /** Keys that wait because their lane is full, by lane. */
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
      // The key can have been added again while it waited: this run covers both.
      for (const waiting of this.#waiting.values()) waiting.remove(key);
      return true;
    }
    const waiting = this.#waiting.get(lane) ?? new ReadyQueue();
    this.#waiting.set(lane, waiting);
    // The time is irrelevant here, only the order: the queue has reported how long the key was ready.
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
