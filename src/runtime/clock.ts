/** A timer that has not fired yet. */
export interface Timer {
  cancel(): void;
}

/** Time as a port, so that tests decide how it passes. */
export interface Clock {
  /** Wall clock, ms since the epoch: for timestamps that people read, never for durations. */
  nowMs(): number;
  /** Never goes back and ignores clock changes: for durations and deadlines. */
  monotonicMs(): number;
  /** Calls back once after `delayMs`, which is not below 0: Node warns of a timer in the past. */
  schedule(delayMs: number, callback: () => void): Timer;
  /** Resolves after `delayMs`; rejects with the signal's reason when that comes first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's own time. */
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
