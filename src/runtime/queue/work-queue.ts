import type { Clock } from "../clock.ts";
import type { KeyedBackoff } from "./backoff.ts";
import { DelayQueue } from "./delay-queue.ts";
import { ReadyQueue } from "./ready-queue.ts";
import { RetryBucket } from "./retry-bucket.ts";

/** Observer of the queue, for metrics. Called synchronously; must not throw. */
export interface QueueObserver {
  /** A key became ready, or was added while it runs; further adds before it is taken do not count. */
  added?(key: string): void;
  /** A key was requeued because its reconcile failed. */
  retried?(key: string): void;
  /** A worker took the key after it had been ready for `queuedMs`. */
  taken?(key: string, queuedMs: number): void;
  /** The worker has finished the key. */
  finished?(key: string, workedMs: number): void;
}

/** Options of an add. A higher priority goes first; a change by a user is 0. */
export interface AddOptions {
  readonly priority?: number;
}

/** A key taken by a worker, which must call `done` with it. */
export interface TakenKey {
  readonly key: string;
  /** Pass it to the requeue, so that a bulk resync does not become urgent by failing. */
  readonly priority: number;
}

/** `drop` discards ready keys, `drain` still hands them out. Both discard delayed keys. */
export type ShutDownMode = "drop" | "drain";

/** Dependencies of a WorkQueue. */
export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly backoff: KeyedBackoff;
  readonly observer?: QueueObserver | undefined;
}

/**
 * A work queue by client-go's rules.
 *
 * Guarantees: a key is taken by one worker at a time; a burst of adds becomes one run; an add during a run causes exactly one
 * more run after it; of several requested times the earliest wins, of several priorities the highest.
 * Assumption: `done` is called for every key that `get` returns.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #backoff: KeyedBackoff;
  readonly #retries: RetryBucket;
  readonly #observer: QueueObserver;
  readonly #ready = new ReadyQueue();
  readonly #delayed: DelayQueue;
  /** Running keys, with their start (monotonic ms). */
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

  /** Number of ready keys. */
  get depth(): number {
    return this.#ready.size;
  }

  /** Number of ready keys by priority, for the depth gauge. */
  depths(): ReadonlyMap<number, number> {
    return this.#ready.depths();
  }

  /** Whether nothing is ready, running or parked; keys can be delayed. */
  get isIdle(): boolean {
    return this.#ready.size === 0 && this.#running.size === 0;
  }

  /** Running keys and for how long, ms, for the unfinished-work gauges. */
  running(): readonly { readonly key: string; readonly workedMs: number }[] {
    const nowMs = this.#clock.monotonicMs();
    return [...this.#running].map(([key, sinceMs]) => ({ key, workedMs: nowMs - sinceMs }));
  }

  /** Whether a worker has the key. */
  isRunning(key: string): boolean {
    return this.#running.has(key);
  }

  /** Adds the key, ready at once. */
  add(key: string, options: AddOptions = {}): void {
    if (this.#mode !== "open") return;
    const requested = options.priority ?? 0;
    const delayed = this.#delayed.remove(key);
    const priority = Math.max(requested, delayed?.priority ?? requested);
    if (this.#running.has(key)) this.#park(key, priority);
    else this.#enqueue(key, priority);
  }

  /** Adds the key after `delayMs`; another add can make it ready earlier. */
  addAfter(key: string, delayMs: number, options: AddOptions = {}): void {
    if (this.#mode !== "open") return;
    // A ready or parked key is earlier than any delay; the add can still raise its priority.
    if (delayMs <= 0 || this.#ready.has(key) || this.#parked.has(key)) this.add(key, options);
    else this.#delayed.put(key, delayMs, options.priority ?? 0);
  }

  /** Requeues the key after a failure: after its own growing delay, or later if many other keys fail too. */
  addRateLimited(key: string, options: AddOptions = {}): void {
    if (this.#mode !== "open") return;
    this.#observer.retried?.(key);
    this.addAfter(key, Math.max(this.#backoff.nextDelayMs(key), this.#retries.reserveMs()), options);
  }

  /** Resets the key's backoff after a success or its deletion. */
  forget(key: string): void {
    this.#backoff.forget(key);
  }

  /** Number of consecutive failures of the key. */
  failuresOf(key: string): number {
    return this.#backoff.failuresOf(key);
  }

  /** Returns the next key as soon as there is one; undefined once the queue is shut down. */
  get(): Promise<TakenKey | undefined> {
    const taken = this.#take();
    if (taken !== undefined || this.#mode !== "open") return Promise.resolve(taken);
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Marks the key as finished; if it was added during the run, it becomes ready. */
  done(key: string): void {
    const sinceMs = this.#running.get(key);
    if (sinceMs === undefined) return;
    this.#running.delete(key);
    this.#observer.finished?.(key, this.#clock.monotonicMs() - sinceMs);
    const parkedPriority = this.#parked.get(key);
    this.#parked.delete(key);
    if (parkedPriority !== undefined && this.#mode !== "drop") this.#enqueueReady(key, parkedPriority);
    this.#resolveWhenDrained();
  }

  /** Rejects further keys; resolves when no key is running (and, when draining, none is ready). */
  shutDown(mode: ShutDownMode): Promise<void> {
    this.#mode = mode;
    this.#delayed.clear();
    if (mode === "drop") this.#ready.clear();
    // Waiters exist only while nothing is ready, and nothing is added any more.
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
    this.#enqueueReady(key, priority);
  }

  #enqueueReady(key: string, priority: number): void {
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
