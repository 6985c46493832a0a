import type { Clock } from "../clock.ts";

/** An attempt exceeded its time limit. */
export class AttemptTimeoutError extends Error {
  constructor(timeoutMs: number) {
    super(`no response within ${timeoutMs / 1_000} s`);
    this.name = "AttemptTimeoutError";
  }
}

/**
 * Runs work with a time limit. When the time is over or the outer signal aborts, the work's signal aborts and the result is
 * returned without waiting for the work, whose own result is dropped.
 */
export async function limited<T>(
  limit: { readonly clock: Clock; readonly timeoutMs: number; readonly signal?: AbortSignal },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { clock, timeoutMs, signal: outer } = limit;
  outer?.throwIfAborted();
  const abort = new AbortController();
  const cut = Promise.withResolvers<never>();
  const end = (reason: unknown): void => {
    abort.abort(reason);
    cut.reject(reason);
  };
  const onOuterAbort = (): void => end(outer?.reason);
  const timer = clock.schedule(timeoutMs, () => end(new AttemptTimeoutError(timeoutMs)));
  outer?.addEventListener("abort", onOuterAbort, { once: true });
  try {
    return await Promise.race([work(abort.signal), cut.promise]);
  } finally {
    timer.cancel();
    outer?.removeEventListener("abort", onOuterAbort);
  }
}
