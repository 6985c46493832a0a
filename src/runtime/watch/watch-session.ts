import type { Clock, Timer } from "../clock.ts";

/**
 * How a watch ended without failing:
 * - `closed`: the server ended it, as it does after `timeoutSeconds`.
 * - `silent`: not even a bookmark came for too long; the connection can be dead.
 * - `overdue`: the server did not end it in time.
 */
export type WatchEnd = "closed" | "silent" | "overdue";

/** One watch and its limits. */
export interface WatchSession<Event> {
  /** Opens the watch; the signal ends it. */
  readonly open: (signal: AbortSignal) => AsyncIterable<Event>;
  readonly clock: Clock;
  readonly timeoutSeconds: number;
  /** Silence after which the watch is aborted. */
  readonly maxSilenceMs: number;
  /** How much longer than `timeoutSeconds` it can last. */
  readonly graceMs: number;
  readonly onEvent: (event: Event) => void;
}

/**
 * Watches until the server ends the watch or it exceeds a limit.
 *
 * Errors: what the watch throws; the signal's reason when it aborts.
 */
export async function runWatch<Event>(session: WatchSession<Event>, signal: AbortSignal): Promise<WatchEnd> {
  signal.throwIfAborted();
  const { clock, timeoutSeconds } = session;
  const abort = new AbortController();
  let end: WatchEnd | undefined;
  const giveUp = (reason: WatchEnd): void => {
    end = reason;
    abort.abort(new Error(`The watch was aborted: ${reason}`));
  };
  const onStop = (): void => abort.abort(signal.reason);
  signal.addEventListener("abort", onStop, { once: true });
  const overdue = clock.schedule(timeoutSeconds * 1_000 + session.graceMs, () => giveUp("overdue"));
  const silence = new SilenceAlarm(clock, session.maxSilenceMs, () => giveUp("silent"));
  const events = session.open(abort.signal)[Symbol.asyncIterator]();
  try {
    for (let next = await nextOf(events, abort.signal); !next.done; next = await nextOf(events, abort.signal)) {
      silence.hear();
      session.onEvent(next.value);
    }
    return end ?? "closed";
  } catch (error) {
    if (end !== undefined) return end;
    throw error;
  } finally {
    signal.removeEventListener("abort", onStop);
    overdue.cancel();
    silence.cancel();
    // Not awaited: an iterator that is stuck in next() is stuck here too, and its signal is aborted.
    events.return?.().catch(() => {});
  }
}

/** Returns the next event; the signal takes effect even if the iterator ignores it. */
function nextOf<Event>(events: AsyncIterator<Event>, signal: AbortSignal): Promise<IteratorResult<Event>> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    events
      .next()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** A timer that fires after a silence; receiving an event does not restart it, which is cheap. */
class SilenceAlarm {
  readonly #clock: Clock;
  readonly #maxSilenceMs: number;
  readonly #onSilence: () => void;
  #heardMs: number;
  #timer: Timer;

  constructor(clock: Clock, maxSilenceMs: number, onSilence: () => void) {
    this.#clock = clock;
    this.#maxSilenceMs = maxSilenceMs;
    this.#onSilence = onSilence;
    this.#heardMs = clock.monotonicMs();
    this.#timer = clock.schedule(maxSilenceMs, () => this.#check());
  }

  hear(): void {
    this.#heardMs = this.#clock.monotonicMs();
  }

  cancel(): void {
    this.#timer.cancel();
  }

  #check(): void {
    const leftMs = this.#heardMs + this.#maxSilenceMs - this.#clock.monotonicMs();
    if (leftMs <= 0) this.#onSilence();
    else this.#timer = this.#clock.schedule(leftMs, () => this.#check());
  }
}
