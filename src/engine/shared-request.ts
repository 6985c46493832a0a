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
