/** How long a failed read is cached for all callers. */
export const FAILURE_CACHE_MS = 5_000;

interface Read<T> {
  readonly startedAtMs: number;
  readonly value: Promise<T>;
  failedAtMs?: number;
}

/** A cache of reads by key: concurrent callers share one, and later callers its result until it is too old. */
export class SharedReads<T> {
  readonly #maxAgeMs: number;
  readonly #monotonicMs: () => number;
  readonly #reads = new Map<string, Read<T>>();

  constructor(options: { readonly maxAgeMs: number; readonly monotonicMs: () => number }) {
    this.#maxAgeMs = options.maxAgeMs;
    this.#monotonicMs = options.monotonicMs;
  }

  /** The value of a read that is young enough. Errors: those of the read; the signal's reason, which does not abort the read for others. */
  get(
    key: string,
    read: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
    maxAgeMs: number = this.#maxAgeMs,
  ): Promise<T> {
    signal.throwIfAborted();
    const known = this.#reads.get(key);
    if (known !== undefined && this.#isFresh(known, maxAgeMs)) return orAbort(known.value, signal);
    const started: Read<T> = { startedAtMs: this.#monotonicMs(), value: read(new AbortController().signal) };
    started.value.catch(() => (started.failedAtMs = this.#monotonicMs()));
    this.#reads.set(key, started);
    return orAbort(started.value, signal);
  }

  #isFresh({ startedAtMs, failedAtMs }: Read<T>, maxAgeMs: number): boolean {
    const nowMs = this.#monotonicMs();
    return failedAtMs === undefined ? nowMs - startedAtMs < maxAgeMs : nowMs - failedAtMs < FAILURE_CACHE_MS;
  }
}

/** The result of the work, which goes on when the signal aborts. */
export function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
