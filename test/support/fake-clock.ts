import type { Clock, Timer } from "../../src/runtime/clock.ts";

interface Pending {
  readonly dueMs: number;
  readonly sequence: number;
  readonly callback: () => void;
}

/** Lets everything run to its end that waits only for promises and turns of the event loop. */
export async function settle(): Promise<void> {
  for (let turns = 0; turns < MAX_TURNS; turns += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    // What parses a long reply lets the event loop run in between.
    if (!process.getActiveResourcesInfo().includes("Immediate")) return;
  }
}

/** What goes on for longer never ends by itself. */
const MAX_TURNS = 200;

/** Time that stands still until a test moves it. */
export class FakeClock implements Clock {
  #wallMs: number;
  #monotonicMs = 0;
  #sequence = 0;
  readonly #pending = new Set<Pending>();
  #whenSet: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    this.#wallMs = startMs;
  }

  /** In whole milliseconds, as Date.now(), however odd the timers are. */
  nowMs(): number {
    return Math.floor(this.#wallMs);
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  /** How many timers wait: a leak shows here. */
  get timerCount(): number {
    return this.#pending.size;
  }

  /** Resolves when the next timer is set: what ran since the last one rests then, however long its requests took. */
  nextTimer(): Promise<void> {
    return this.#whenSet.promise;
  }

  schedule(delayMs: number, callback: () => void): Timer {
    if (!(delayMs >= 0)) throw new RangeError(`a timer of ${delayMs} ms`);
    this.#sequence += 1;
    const entry = { dueMs: this.#monotonicMs + delayMs, sequence: this.#sequence, callback };
    this.#pending.add(entry);
    this.#whenSet.resolve();
    this.#whenSet = Promise.withResolvers();
    return { cancel: () => void this.#pending.delete(entry) };
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const onAbort = (): void => {
        timer.cancel();
        reject(signal?.reason);
      };
      const timer = this.schedule(delayMs, () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      });
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** Moves the wall clock alone, as NTP or an operator would. */
  jumpWallClock(deltaMs: number): void {
    this.#wallMs += deltaMs;
  }

  /** Passes time as a blocked event loop does: what falls due meanwhile runs late, with the next `advance`. */
  block(deltaMs: number): void {
    this.#moveTo(this.#monotonicMs + deltaMs);
  }

  /** Passes time, runs what falls due in order, and lets promises settle after each. */
  async advance(deltaMs: number): Promise<void> {
    await settle();
    const endMs = this.#monotonicMs + deltaMs;
    for (let next = this.#nextDue(endMs); next !== undefined; next = this.#nextDue(endMs)) {
      this.#pending.delete(next);
      this.#moveTo(next.dueMs);
      next.callback();
      await settle();
    }
    this.#moveTo(endMs);
    await settle();
  }

  #nextDue(endMs: number): Pending | undefined {
    let next: Pending | undefined;
    for (const entry of this.#pending) {
      if (entry.dueMs > endMs) continue;
      const isEarlier = next === undefined || entry.dueMs < next.dueMs;
      const isSameTimeButOlder = next?.dueMs === entry.dueMs && entry.sequence < next.sequence;
      if (isEarlier || isSameTimeButOlder) next = entry;
    }
    return next;
  }

  #moveTo(monotonicMs: number): void {
    const target = Math.max(monotonicMs, this.#monotonicMs);
    this.#wallMs += target - this.#monotonicMs;
    this.#monotonicMs = target;
  }
}
