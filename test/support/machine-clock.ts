import type { Clock, Timer } from "../../src/runtime/clock.ts";
import type { FakeClock } from "./fake-clock.ts";

interface MachineOptions {
  /** How much of its time passes in one of the world's; default 1. */
  readonly rate?: number | undefined;
  readonly wallSkewMs?: number | undefined;
  /** Called after everything that happens on the machine, once it has settled. */
  readonly afterEach?: () => void;
}

/** A machine's clock: fast or slow, and with an event loop that can be blocked. */
export class MachineClock implements Clock {
  readonly #world: FakeClock;
  readonly #rate: number;
  readonly #wallSkewMs: number;
  readonly #afterEach: () => void;
  #blockedUntilMs = 0;
  #wallJumpMs = 0;

  constructor(world: FakeClock, { rate = 1, wallSkewMs = 0, afterEach = () => {} }: MachineOptions = {}) {
    this.#world = world;
    this.#rate = rate;
    this.#wallSkewMs = wallSkewMs;
    this.#afterEach = afterEach;
  }

  nowMs(): number {
    return this.#world.nowMs() + this.#wallSkewMs + this.#wallJumpMs;
  }

  monotonicMs(): number {
    return this.#world.monotonicMs() * this.#rate;
  }

  schedule(delayMs: number, callback: () => void): Timer {
    const timer = this.#world.schedule(delayMs / this.#rate, () => {
      this.whenAwake(() => {
        if (!isCancelled) callback();
      });
    });
    let isCancelled = false;
    return {
      cancel: () => {
        isCancelled = true;
        timer.cancel();
      },
    };
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const timer = this.schedule(delayMs, () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      });
      const onAbort = (): void => {
        timer.cancel();
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** For so long of the world's time, nothing of this process runs. */
  block(durationMs: number): void {
    this.#blockedUntilMs = Math.max(this.#blockedUntilMs, this.#world.monotonicMs() + durationMs);
  }

  /** Sets this machine's wall clock forward or back. */
  jumpWallClock(deltaMs: number): void {
    this.#wallJumpMs += deltaMs;
  }

  /** Runs the callback now, or when the event loop is free again. */
  whenAwake(callback: () => void): void {
    const blockedMs = this.#blockedUntilMs - this.#world.monotonicMs();
    if (blockedMs === Number.POSITIVE_INFINITY) return;
    if (blockedMs > 0) {
      this.#world.schedule(blockedMs, () => this.whenAwake(callback));
      return;
    }
    callback();
    setImmediate(() => this.#afterEach());
  }
}
