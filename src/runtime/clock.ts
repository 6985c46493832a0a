/** A timer that has not fired yet. */
export interface Timer {
  cancel(): void;
}

/** Time as a dependency, so that tests control it. */
export interface Clock {
  /** Wall clock, ms since the epoch: for timestamps in output, never for durations. */
  nowMs(): number;
  /** Monotonic time, unaffected by clock changes: for durations and deadlines. */
  monotonicMs(): number;
  /** Calls back once after `delayMs`, which must not be negative: Node warns of a timer in the past. */
  schedule(delayMs: number, callback: () => void): Timer;
  /** Resolves after `delayMs`; rejects with the signal's reason when that comes first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  schedule(delayMs, callback) {
    const handle = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
  sleep(delayMs, signal) {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const onAbort = (): void => {
        clearTimeout(handle);
        reject(signal?.reason);
      };
      const handle = setTimeout(() => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      }, delayMs);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  },
};
