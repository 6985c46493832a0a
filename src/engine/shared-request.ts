interface Running<T> {
  readonly promise: Promise<T>;
  readonly abort: AbortController;
  /** Callers that wait for it. */
  waiting: number;
}

/** A request that callers who need its result at the same time share. It is aborted only when the last of them is. */
export class SharedRequest<T> {
  #running: Running<T> | undefined;

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Waits for the running request, or starts one. Errors: those of the request; the reason of the caller's signal. */
  async join(request: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void => aborted.reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    this.#running ??= this.#start(request);
    const running = this.#running;
    running.waiting += 1;
    try {
      return await Promise.race([running.promise, aborted.promise]);
    } finally {
      signal.removeEventListener("abort", onAbort);
      running.waiting -= 1;
      if (running.waiting === 0) this.#end(running, signal.reason);
    }
  }

  #start(request: (signal: AbortSignal) => Promise<T>): Running<T> {
    const abort = new AbortController();
    const promise = request(abort.signal);
    const running = { promise, abort, waiting: 0 };
    const ended = (): void => this.#end(running);
    promise.then(ended, ended);
    return running;
  }

  /** The next caller starts another request. */
  #end(running: Running<T>, reason?: unknown): void {
    if (this.#running === running) this.#running = undefined;
    running.abort.abort(reason);
  }
}

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
