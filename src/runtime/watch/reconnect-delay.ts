import type { Clock } from "../clock.ts";

/** How a reflector spaces its attempts; the defaults are client-go's. */
export interface ReconnectPolicy {
  readonly baseMs: number;
  readonly capMs: number;
  /** Without a fault for so long, the next one starts at the base again. */
  readonly resetAfterMs: number;
}

/** https://github.com/kubernetes/client-go/blob/master/tools/cache/reflector.go: 800 ms to 30 s, reset after 2 min. */
export const defaultReconnectPolicy: ReconnectPolicy = { baseMs: 800, capMs: 30_000, resetAfterMs: 120_000 };

/** Growing delays between attempts to reach the API server, each up to doubled by chance so that clients spread out. */
export class ReconnectDelay {
  readonly #policy: ReconnectPolicy;
  readonly #clock: Clock;
  readonly #random: () => number;
  #faults = 0;
  #lastFaultMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, random: () => number, policy: ReconnectPolicy = defaultReconnectPolicy) {
    this.#policy = policy;
    this.#clock = clock;
    this.#random = random;
  }

  /** Counts one more fault and says how long to wait, ms; never less than what the server asked for. */
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
