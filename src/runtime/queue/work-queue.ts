import type { Clock } from "../clock.ts";
import type { KeyedBackoff } from "./backoff.ts";
import { DelayQueue } from "./delay-queue.ts";
import { type ReadyKey, ReadyQueue } from "./ready-queue.ts";
import { RunningKeys, type Shares, UNSHARED } from "./shares.ts";
import { TokenBucket } from "./token-bucket.ts";

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
  /** Default: keys are taken in arrival order within one priority, without limits. */
  readonly shares?: Shares;
}

/**
 * In an outage everything fails at once, and the delays of each key alone would bring everything back at once. As in
 * https://github.com/kubernetes/client-go/blob/master/util/workqueue/default_rate_limiters.go.
 */
const RETRY_RATE = { perSecond: 10, burst: 100 };

/**
 * A work queue by client-go's rules.
 *
 * Guarantees: a key is taken by one worker at a time; a burst of adds becomes one run; an add during a run causes exactly one
 * more run after it; of several requested times the earliest wins, of several priorities the highest; the workers are shared
 * by {@link Shares}.
 * Assumption: `done` is called for every key that `get` returns.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #backoff: KeyedBackoff;
  readonly #retries: TokenBucket;
  readonly #observer: QueueObserver;
  readonly #ready: ReadyQueue;
  readonly #delayed: DelayQueue;
  readonly #running: RunningKeys;
  /** Keys added while they run, with their priority; they become ready when the run ends. */
  readonly #parked = new Map<string, number>();
  /** Idle workers. While there are any, no ready key may run. */
  readonly #waiters: ((taken: TakenKey | undefined) => void)[] = [];
  #mode: "open" | ShutDownMode = "open";
  readonly #drained = Promise.withResolvers<void>();

  constructor(options: WorkQueueOptions) {
    const { shares = UNSHARED } = options;
    this.#ready = new ReadyQueue(shares);
    this.#running = new RunningKeys(shares);
    this.#clock = options.clock;
    this.#backoff = options.backoff;
    this.#retries = new TokenBucket(options.clock, RETRY_RATE);
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
    return [...this.#running.entries()].map(([key, { sinceMs }]) => ({ key, workedMs: nowMs - sinceMs }));
  }

  /** Whether the key is ready and not taken yet. */
  isWaiting(key: string): boolean {
    return this.#ready.has(key);
  }

  /** The keys that are ready and not taken yet, in the order in which they became ready. */
  waiting(): Iterable<ReadyKey> {
    return this.#ready.entries();
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
    const ended = this.#running.end(key);
    if (ended === undefined) return;
    const nowMs = this.#clock.monotonicMs();
    this.#observer.finished?.(key, nowMs - ended.sinceMs);
    const parkedPriority = this.#parked.get(key);
    this.#parked.delete(key);
    if (parkedPriority !== undefined && this.#mode !== "drop") this.#ready.put(key, parkedPriority, nowMs);
    this.#handOut();
    this.#resolveWhenDrained();
  }

  /** Rejects further keys; resolves when no key is running (and, when draining, none is ready). */
  shutDown(mode: ShutDownMode): Promise<void> {
    this.#mode = mode;
    this.#delayed.clear();
    if (mode === "drop") this.#ready.clear();
    this.#handOut();
    // Nothing is added any more.
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
    this.#ready.put(key, priority, this.#clock.monotonicMs());
    this.#handOut();
  }

  /** Gives idle workers what may run now. */
  #handOut(): void {
    while (this.#waiters.length > 0) {
      const taken = this.#take();
      if (taken === undefined) return;
      this.#waiters.shift()?.(taken);
    }
  }

  #take(): TakenKey | undefined {
    const isDraining = this.#mode !== "open";
    const entry = this.#ready.take((lane, priority) => isDraining || this.#running.admits(lane, priority));
    if (entry === undefined) return undefined;
    const { key, lane, priority, sinceMs } = entry;
    const nowMs = this.#clock.monotonicMs();
    this.#running.start(key, lane, priority, nowMs);
    this.#observer.taken?.(key, nowMs - sinceMs);
    return { key, priority };
  }

  #resolveWhenDrained(): void {
    if (this.#mode !== "open" && this.isIdle) this.#drained.resolve();
  }
}
