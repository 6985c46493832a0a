import type { Clock } from "../clock.ts";
import type { KeyedBackoff } from "./backoff.ts";
import { DelayQueue } from "./delay-queue.ts";
import { ReadyQueue } from "./ready-queue.ts";
import { RetryBucket } from "./retry-bucket.ts";

/** Hears what the queue does: the seam for metrics. Called synchronously; must not throw. */
export interface QueueObserver {
  /** A key became ready, or was parked behind its own run; further adds before it is taken are not counted. */
  added?(key: string): void;
  /** A key was put off because its run failed. */
  retried?(key: string): void;
  /** A worker took the key, which had been ready for so long. */
  taken?(key: string, queuedMs: number): void;
  /** The worker gave the key back. */
  finished?(key: string, workedMs: number): void;
}

/** How urgent a key is: a higher number goes first. A person's change is 0. */
export interface AddOptions {
  readonly priority?: number;
}

/** A key in the hands of a worker, who must call `done` with it. */
export interface TakenKey {
  readonly key: string;
  /** Hand it back with the requeue, so that a bulk resync does not become urgent by failing. */
  readonly priority: number;
}

/** `drop`: what nobody works on yet is let go. `drain`: what is ready is still handed out. Delayed keys go either way. */
export type ShutDownMode = "drop" | "drain";

/** What a WorkQueue is made of. */
export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly backoff: KeyedBackoff;
  readonly observer?: QueueObserver | undefined;
}

/**
 * Keys that need work, by client-go's rules.
 *
 * Guarantees: a key is handed to one worker at a time; a burst of adds becomes one run; an add during a run causes one
 * more run after it, never none; of several times asked for, the earliest wins, and of several priorities the highest.
 * Assumptions: every key that `get` gives out comes back through `done`, whatever happened.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #backoff: KeyedBackoff;
  readonly #retries: RetryBucket;
  readonly #observer: QueueObserver;
  readonly #ready = new ReadyQueue();
  readonly #delayed: DelayQueue;
  /** Key in a worker's hands, and since when (monotonic ms). */
  readonly #running = new Map<string, number>();
  /** Keys added while they run, with their priority; they become ready when the run ends. */
  readonly #parked = new Map<string, number>();
  readonly #waiters: ((taken: TakenKey | undefined) => void)[] = [];
  #mode: "open" | ShutDownMode = "open";
  readonly #drained = Promise.withResolvers<void>();

  constructor(options: WorkQueueOptions) {
    this.#clock = options.clock;
    this.#backoff = options.backoff;
    this.#retries = new RetryBucket(options.clock);
    this.#observer = options.observer ?? {};
    this.#delayed = new DelayQueue(options.clock, (entry) => this.add(entry.key, entry));
  }

  /** Keys ready to be taken. */
  get depth(): number {
    return this.#ready.size;
  }

  /** Keys ready to be taken, by priority: for the depth gauge. */
  depths(): ReadonlyMap<number, number> {
    return this.#ready.depths();
  }

  /** Nothing is ready, running or parked; delayed keys may wait. */
  get isIdle(): boolean {
    return this.#ready.size === 0 && this.#running.size === 0;
  }

  /** Keys in workers' hands and for how long, ms: for the unfinished-work gauges. */
  running(): readonly { readonly key: string; readonly workedMs: number }[] {
    const nowMs = this.#clock.monotonicMs();
    return [...this.#running].map(([key, sinceMs]) => ({ key, workedMs: nowMs - sinceMs }));
  }

  /** True while a worker has the key. */
  isRunning(key: string): boolean {
    return this.#running.has(key);
  }

  /** The key needs work now. */
  add(key: string, options: AddOptions = {}): void {
    if (this.#mode !== "open") return;
    const asked = options.priority ?? 0;
    const delayed = this.#delayed.remove(key);
    const priority = Math.max(asked, delayed?.priority ?? asked);
    if (this.#running.has(key)) this.#park(key, priority);
    else this.#enqueue(key, priority);
  }

  /** The key needs work in `delayMs`, or earlier if anything else asks for it. */
  addAfter(key: string, delayMs: number, options: AddOptions = {}): void {
    if (this.#mode !== "open") return;
    // Ready or parked is earlier than any delay; the add still may raise the priority.
    if (delayMs <= 0 || this.#ready.has(key) || this.#parked.has(key)) this.add(key, options);
    else this.#delayed.put(key, delayMs, options.priority ?? 0);
  }

  /** The key's run failed: again after its own growing delay, or later when too many others have failed as well. */
  addRateLimited(key: string, options: AddOptions = {}): void {
    if (this.#mode !== "open") return;
    this.#observer.retried?.(key);
    this.addAfter(key, Math.max(this.#backoff.nextDelayMs(key), this.#retries.reserveMs()), options);
  }

  /** The key succeeded, or no longer exists: its next failure starts at the shortest delay. */
  forget(key: string): void {
    this.#backoff.forget(key);
  }

  /** How often the key failed in a row. */
  failuresOf(key: string): number {
    return this.#backoff.failuresOf(key);
  }

  /** The next key, as soon as there is one; undefined once the queue is shut down. */
  get(): Promise<TakenKey | undefined> {
    const taken = this.#take();
    if (taken !== undefined || this.#mode !== "open") return Promise.resolve(taken);
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** The worker is through with the key; what was added meanwhile becomes ready. */
  done(key: string): void {
    const sinceMs = this.#running.get(key);
    if (sinceMs === undefined) return;
    this.#running.delete(key);
    this.#observer.finished?.(key, this.#clock.monotonicMs() - sinceMs);
    const parkedPriority = this.#parked.get(key);
    this.#parked.delete(key);
    if (parkedPriority !== undefined && this.#mode !== "drop") this.#makeReady(key, parkedPriority);
    this.#resolveWhenDrained();
  }

  /** Refuses further keys; resolves when no key is in a worker's hands (and, when draining, none is ready). */
  shutDown(mode: ShutDownMode): Promise<void> {
    this.#mode = mode;
    this.#delayed.clear();
    if (mode === "drop") this.#ready.clear();
    // Whoever waits, waits because nothing is ready: with no more adds there is nothing to wait for.
    for (const resolve of this.#waiters.splice(0)) resolve(undefined);
    this.#resolveWhenDrained();
    return this.#drained.promise;
  }

  #park(key: string, priority: number): void {
    const known = this.#parked.get(key);
    this.#parked.set(key, Math.max(priority, known ?? priority));
    if (known === undefined) this.#observer.added?.(key);
  }

  #enqueue(key: string, priority: number): void {
    if (!this.#ready.has(key)) this.#observer.added?.(key);
    this.#makeReady(key, priority);
  }

  #makeReady(key: string, priority: number): void {
    this.#ready.put(key, priority, this.#clock.monotonicMs());
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) waiter(this.#take());
  }

  #take(): TakenKey | undefined {
    const entry = this.#ready.take();
    if (entry === undefined) return undefined;
    const nowMs = this.#clock.monotonicMs();
    this.#running.set(entry.key, nowMs);
    this.#observer.taken?.(entry.key, nowMs - entry.sinceMs);
    return { key: entry.key, priority: entry.priority };
  }

  #resolveWhenDrained(): void {
    if (this.#mode !== "open" && this.isIdle) this.#drained.resolve();
  }
}
