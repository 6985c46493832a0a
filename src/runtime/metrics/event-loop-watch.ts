import type { Clock, Timer } from "../clock.ts";

/** What is still taken for a busy loop, and for how long a blocked one is remembered. */
export interface EventLoopLimits {
  readonly tickMs: number;
  /** A tick that is later than this was held up by a blocked loop. */
  readonly maxLagMs: number;
  /** A block counts for so long after its end: nobody can ask while it lasts. */
  readonly memoryMs: number;
}

/**
 * Half of the election's renew deadline is too late for a renewal and long after any honest work. The memory is shorter than
 * three probes ten seconds apart: one block that is over ends no process, a loop that blocks again and again does.
 */
const defaultEventLoopLimits: EventLoopLimits = { tickMs: 1_000, maxLagMs: 5_000, memoryMs: 15_000 };

/** Measures by a timer how late the event loop comes to its work. For the liveness probe. */
export class EventLoopWatch {
  readonly #clock: Clock;
  readonly #limits: EventLoopLimits;
  #timer: Timer | undefined;
  #dueMs = Number.POSITIVE_INFINITY;
  #blocked: { readonly lagMs: number; readonly endedMs: number } | undefined;

  constructor(clock: Clock, limits: EventLoopLimits = defaultEventLoopLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Begins to measure; its timer keeps the process alive until `stop`. */
  start(): void {
    this.#dueMs = this.#clock.monotonicMs() + this.#limits.tickMs;
    this.#timer = this.#clock.schedule(this.#limits.tickMs, () => {
      this.#judge();
      this.start();
    });
  }

  /** Ends the measuring; may be called again. */
  stop(): void {
    this.#timer?.cancel();
    this.#dueMs = Number.POSITIVE_INFINITY;
  }

  /** What is wrong with the loop, if anything is: it is held up now, or was until a moment ago. */
  get fault(): string | undefined {
    this.#judge();
    if (this.#blocked === undefined) return undefined;
    const { lagMs, endedMs } = this.#blocked;
    if (this.#clock.monotonicMs() - endedMs > this.#limits.memoryMs) return undefined;
    return `the event loop was blocked for ${Math.round(lagMs / 1_000)} s`;
  }

  /** Whoever asks may come before the late tick does. */
  #judge(): void {
    const nowMs = this.#clock.monotonicMs();
    const lagMs = nowMs - this.#dueMs;
    if (lagMs > this.#limits.maxLagMs) this.#blocked = { lagMs, endedMs: nowMs };
  }
}
