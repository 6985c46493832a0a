import TinyQueue from "tinyqueue";
import type { Clock, Timer } from "../clock.ts";

/** A key that becomes ready later. */
export interface DelayedKey {
  readonly key: string;
  readonly priority: number;
  /** Monotonic ms. */
  readonly dueMs: number;
}

/** Maximum timer: Node turns a timer of more than 24.8 days into one of 1 ms, so later times are reached in steps. */
const MAX_TIMER_MS = 600_000;

/**
 * Keys that become ready later, with one timer for all of them.
 *
 * Guarantees: contains a key once, with the earliest of the requested times and the highest of the priorities.
 */
export class DelayQueue {
  readonly #clock: Clock;
  readonly #onDue: (entry: DelayedKey) => void;
  readonly #entries = new Map<string, DelayedKey>();
  /** By due time. Can contain entries that were replaced in or removed from #entries: skipped, and compacted when too many. */
  #heap = new TinyQueue<DelayedKey>([], byDueTime);
  #timer: { readonly handle: Timer; readonly atMs: number } | undefined;

  constructor(clock: Clock, onDue: (entry: DelayedKey) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** Entries in memory, including replaced ones: at most twice the waiting keys, and a few. */
  get held(): number {
    return this.#heap.length;
  }

  put(key: string, delayMs: number, priority: number): void {
    const known = this.#entries.get(key);
    const requestedMs = this.#clock.monotonicMs() + delayMs;
    const entry: DelayedKey = {
      key,
      dueMs: Math.min(requestedMs, known?.dueMs ?? requestedMs),
      priority: Math.max(priority, known?.priority ?? priority),
    };
    this.#entries.set(key, entry);
    this.#heap.push(entry);
    this.#compact();
    this.#arm();
  }

  /** Removes the key before its time. */
  remove(key: string): DelayedKey | undefined {
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    return entry;
  }

  /** Drops everything and stops the timer. */
  clear(): void {
    this.#entries.clear();
    this.#heap = new TinyQueue<DelayedKey>([], byDueTime);
    this.#timer?.handle.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    const next = this.#heap.peek();
    if (next === undefined) return;
    const nowMs = this.#clock.monotonicMs();
    const atMs = Math.min(next.dueMs, nowMs + MAX_TIMER_MS);
    if (this.#timer !== undefined && this.#timer.atMs <= atMs) return;
    this.#timer?.handle.cancel();
    // A key can become due while others are released.
    const handle = this.#clock.schedule(Math.max(0, atMs - nowMs), () => {
      this.#timer = undefined;
      this.#release();
    });
    this.#timer = { handle, atMs };
  }

  #release(): void {
    const nowMs = this.#clock.monotonicMs();
    for (let next = this.#heap.peek(); next !== undefined && next.dueMs <= nowMs; next = this.#heap.peek()) {
      this.#heap.pop();
      if (this.#entries.get(next.key) !== next) continue;
      this.#entries.delete(next.key);
      this.#onDue(next);
    }
    this.#arm();
  }

  #compact(): void {
    if (this.#heap.length > 2 * this.#entries.size + 64) {
      this.#heap = new TinyQueue<DelayedKey>([...this.#entries.values()], byDueTime);
    }
  }
}

function byDueTime(left: DelayedKey, right: DelayedKey): number {
  return left.dueMs - right.dueMs;
}
