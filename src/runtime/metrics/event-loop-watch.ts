import type { Clock, Timer } from "../clock.ts";

/** Thresholds for a blocked event loop. */
export interface EventLoopLimits {
  readonly tickMs: number;
  /** A tick that is later than this means that the loop was blocked. */
  readonly maxLagMs: number;
  /** How long a past block is reported: a blocked loop cannot answer the probe. */
  readonly memoryMs: number;
}

/**
 * The lag is half of the election's renew deadline, and far above normal work. The memory is shorter than three probes ten
 * seconds apart, so that a single block does not restart the process but repeated ones do.
 */
const DEFAULT_EVENT_LOOP_LIMITS: EventLoopLimits = { tickMs: 1_000, maxLagMs: 5_000, memoryMs: 15_000 };

/** Measures the lag of the event loop with a timer, for the liveness probe. */
export class EventLoopWatch {
  readonly #clock: Clock;
  readonly #limits: EventLoopLimits;
  #timer: Timer | undefined;
  #dueMs = Number.POSITIVE_INFINITY;
  #blocked: { readonly lagMs: number; readonly endedMs: number } | undefined;

  constructor(clock: Clock, limits: EventLoopLimits = DEFAULT_EVENT_LOOP_LIMITS) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Starts measuring; the timer keeps the process alive until `stop`. */
  start(): void {
    this.#dueMs = this.#clock.monotonicMs() + this.#limits.tickMs;
    this.#timer = this.#clock.schedule(this.#limits.tickMs, () => {
      this.#judge();
      this.start();
    });
  }

  /** Stops measuring; can be called again. */
  stop(): void {
    this.#timer?.cancel();
    this.#dueMs = Number.POSITIVE_INFINITY;
  }

  /** The fault, if the loop is blocked or was until recently. */
  get fault(): string | undefined {
    this.#judge();
    if (this.#blocked === undefined) return undefined;
    const { lagMs, endedMs } = this.#blocked;
    if (this.#clock.monotonicMs() - endedMs > this.#limits.memoryMs) return undefined;
    return `the event loop was blocked for ${Math.round(lagMs / 1_000)} s`;
  }

  /** Also called by the getter, which can run before the late tick. */
  #judge(): void {
    const nowMs = this.#clock.monotonicMs();
    const lagMs = nowMs - this.#dueMs;
    if (lagMs > this.#limits.maxLagMs) this.#blocked = { lagMs, endedMs: nowMs };
  }
}
