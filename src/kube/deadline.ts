import type { Clock, Timer } from "../runtime/clock.ts";
import { RequestTimeoutError } from "./network-error.ts";

/** A caller's signal combined with a time limit. Without `release`, the caller's signal keeps a reference to it. */
export class Deadline {
  readonly #caller: AbortSignal;
  readonly #abort = new AbortController();
  readonly #timer: Timer;
  readonly #onCallerAbort: () => void;

  constructor(caller: AbortSignal, timeoutMs: number, clock: Clock) {
    this.#caller = caller;
    this.#onCallerAbort = () => this.#abort.abort(caller.reason);
    this.#timer = clock.schedule(timeoutMs, () => this.#abort.abort(new RequestTimeoutError(timeoutMs)));
    if (caller.aborted) this.#onCallerAbort();
    else caller.addEventListener("abort", this.#onCallerAbort, { once: true });
  }

  /** Aborts with the caller's signal, or at the time limit. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Cancels the time limit; only the caller's signal remains. */
  stopClock(): void {
    this.#timer.cancel();
  }

  /** Removes the timer and the listener. */
  release(): void {
    this.#timer.cancel();
    this.#caller.removeEventListener("abort", this.#onCallerAbort);
  }

  /** Waits for the promise, or rejects when the signal aborts first. */
  wait<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(this.signal.reason);
      if (this.signal.aborted) onAbort();
      this.signal.addEventListener("abort", onAbort, { once: true });
      promise.then(resolve, reject).finally(() => this.signal.removeEventListener("abort", onAbort));
    });
  }
}
