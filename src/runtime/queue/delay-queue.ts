import TinyQueue from "tinyqueue";
import type { Clock, Timer } from "../clock.ts";

/** A key whose turn comes later. */
export interface DelayedKey {
  readonly key: string;
  readonly priority: number;
  /** Monotonic ms. */
  readonly dueMs: number;
}

/** Node turns a timer of more than 24.8 days into one of 1 ms, so a far due time is reached in steps. */
const longestTimerMs = 600_000;

/**
 * Keys that become ready later, with one timer for all of them.
 *
 * Guarantees: a key is in it once, with the earliest of the times asked for and the highest of the priorities.
 */
export class DelayQueue {
  readonly #clock: Clock;
  readonly #onDue: (entry: DelayedKey) => void;
  readonly #entries = new Map<string, DelayedKey>();
  /** By due time. May hold entries that #entries has replaced or lost: those are skipped, and scanned when they outnumber. */
  #heap = new TinyQueue<DelayedKey>([], byDueTime);
  #timer: { readonly handle: Timer; readonly atMs: number } | undefined;

  constructor(clock: Clock, onDue: (entry: DelayedKey) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** Entries in memory, replaced ones included: at most twice the keys that wait, and a few. */
  get held(): number {
    return this.#heap.length;
  }

  put(key: string, delayMs: number, priority: number): void {
    const known = this.#entries.get(key);
    const askedMs = this.#clock.monotonicMs() + delayMs;
    const entry: DelayedKey = {
      key,
      dueMs: Math.min(askedMs, known?.dueMs ?? askedMs),
      priority: Math.max(priority, known?.priority ?? priority),
    };
    this.#entries.set(key, entry);
    this.#heap.push(entry);
    this.#scan();
    this.#arm();
  }

  /** Takes the key out before its time. */
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
    const atMs = Math.min(next.dueMs, nowMs + longestTimerMs);
    if (this.#timer !== undefined && this.#timer.atMs <= atMs) return;
    this.#timer?.handle.cancel();
    // A key may have become due while others were released.
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

  #scan(): void {
    if (this.#heap.length > 2 * this.#entries.size + 64) {
      this.#heap = new TinyQueue<DelayedKey>([...this.#entries.values()], byDueTime);
    }
  }
}

function byDueTime(left: DelayedKey, right: DelayedKey): number {
  return left.dueMs - right.dueMs;
}
