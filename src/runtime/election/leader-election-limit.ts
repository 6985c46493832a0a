import type { Clock } from "../clock.ts";

/** An attempt took longer than it may. */
export class AttemptTimeoutError extends Error {
  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs / 1_000} s`);
    this.name = "AttemptTimeoutError";
  }
}

/**
 * The work's own outcome, unless the time is over or the outer signal aborts first. Then the work's signal aborts, and the
 * answer does not wait for the work to notice; whatever the work still does is lost.
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
