import type { Clock } from "../clock.ts";

/** Delays between the attempts of a reflector; see {@link DEFAULT_RECONNECT_POLICY}. */
export interface ReconnectPolicy {
  readonly baseMs: number;
  readonly capMs: number;
  /** After this time without a fault the delay starts at the base again. */
  readonly resetAfterMs: number;
}

/**
 * As https://github.com/kubernetes/client-go/blob/master/tools/cache/reflector.go, but up to 10 s instead of 30 s: what has
 * changed while the API server was away is in the cache within half a minute.
 */
export const DEFAULT_RECONNECT_POLICY: ReconnectPolicy = { baseMs: 800, capMs: 10_000, resetAfterMs: 120_000 };

/** Growing delays between attempts to reach the API server, each randomly up to doubled so that clients spread out. */
export class ReconnectDelay {
  readonly #policy: ReconnectPolicy;
  readonly #clock: Clock;
  readonly #random: () => number;
  #faults = 0;
  #lastFaultMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, random: () => number, policy: ReconnectPolicy = DEFAULT_RECONNECT_POLICY) {
    this.#policy = policy;
    this.#clock = clock;
    this.#random = random;
  }

  /** Counts one more fault and returns the delay, ms; never less than the server requested. */
  nextMs(retryAfterMs: number = 0): number {
    const { baseMs, capMs, resetAfterMs } = this.#policy;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#lastFaultMs >= resetAfterMs) this.#faults = 0;
    this.#lastFaultMs = nowMs;
    const delayMs = Math.min(capMs, baseMs * 2 ** this.#faults) * (1 + this.#random());
    this.#faults += 1;
    return Math.max(delayMs, retryAfterMs);
  }
}
