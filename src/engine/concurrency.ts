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

/**
 * A mutex for each name.
 *
 * Two objects that may adopt the same role could otherwise both observe it as unowned, both tag it, and both write to
 * it. Within one process, the mutex lets one go first; the second then observes the owner tags of the first.
 */
export class KeyedMutex {
  readonly #last = new Map<string, Promise<void>>();

  /** Runs the work when no earlier work holds any of these names. Raises what the work raises. */
  async run<T>(names: readonly string[], work: () => Promise<T>): Promise<T> {
    const held = Promise.withResolvers<void>();
    // All names are acquired in one step, so that there is no deadlock.
    const earlier = names.map((name) => this.#last.get(name));
    for (const name of names) this.#last.set(name, held.promise);
    try {
      await Promise.all(earlier);
      return await work();
    } finally {
      held.resolve();
      for (const name of names) if (this.#last.get(name) === held.promise) this.#last.delete(name);
    }
  }

  /** The number of names that are held. */
  get size(): number {
    return this.#last.size;
  }
}

/** Concurrent AWS requests; the limits of AWS are per account and shared with other clients. */
const CONCURRENCY = 8;

/** Runs `work` on all items, a few at a time. Results are in the order of the items. Errors: the first that any work raises. */
export async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) results[i] = await work(items[i] as T);
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, items.length) }, worker));
  return results;
}
