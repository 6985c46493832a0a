import type { Clock, Timer } from "../runtime/clock.ts";
import { RequestTimeoutError } from "./network-error.ts";

/** A caller's signal joined with a time limit. Release it, or the caller's signal keeps it for as long as it lives. */
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

  /** Aborts when the caller's signal does, or when the time is over. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** From now on only the caller's signal counts. */
  stopClock(): void {
    this.#timer.cancel();
  }

  /** Lets go of timer and signal. */
  release(): void {
    this.#timer.cancel();
    this.#caller.removeEventListener("abort", this.#onCallerAbort);
  }

  /** The promise's own outcome, unless the deadline comes first. */
  wait<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(this.signal.reason);
      if (this.signal.aborted) onAbort();
      this.signal.addEventListener("abort", onAbort, { once: true });
      promise.then(resolve, reject).finally(() => this.signal.removeEventListener("abort", onAbort));
    });
  }
}
