import { RetryableError } from "../../errors.ts";
import type { Logger } from "../../telemetry.ts";
import { FaultLog } from "../fault-log.ts";
import { SnapshotReader } from "./list-snapshot.ts";
import type { FaultKind, WatchEvent } from "./list-watch.ts";
import { ReconnectDelay } from "./reconnect-delay.ts";
import { defaultReflectorTimings, type ReflectorOptions, type ReflectorTimings } from "./reflector-options.ts";
import { type ObjectCache, type ObjectChange, ObjectStore } from "./store.ts";
import { runWatch } from "./watch-session.ts";

/** After these the last resource version is of no use, or not to be trusted: list anew. */
const relistAfter: ReadonlySet<FaultKind> = new Set(["expired", "malformed", "notFound", "rejected"]);

/**
 * Keeps a cache of all objects of one kind in step with the API server: lists, then watches, for as long as it runs.
 *
 * Guarantees: no fault of the server, the network, the credentials or a handler ends it, only `stop` does. What changed
 * while nothing could be watched is found by the next list, deletions included; so is what a watch should have told and has
 * not, for there is a list every half an hour or so. It never asks in a tight loop.
 * Assumption: handlers are quick; they put a key into a queue.
 */
export class Reflector {
  readonly #options: ReflectorOptions;
  readonly #timings: ReflectorTimings;
  readonly #store = new ObjectStore();
  readonly #snapshots: SnapshotReader;
  readonly #delay: ReconnectDelay;
  readonly #faults: FaultLog;
  readonly #logger: Logger;
  readonly #abort = new AbortController();
  readonly #synced = Promise.withResolvers<void>();
  /** Where the next watch begins; undefined: a list has to come first. */
  #resourceVersion: string | undefined;
  #hasSynced = false;
  #lastFault: { readonly kind: FaultKind; readonly error: unknown } | undefined;
  #lastExpiredMs = Number.NEGATIVE_INFINITY;
  #nextListMs = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | undefined;

  constructor(options: ReflectorOptions) {
    this.#options = options;
    this.#timings = { ...defaultReflectorTimings, ...options.timings };
    this.#snapshots = new SnapshotReader(options.listWatch, options.clock);
    this.#delay = new ReconnectDelay(options.clock, options.random, this.#timings.reconnect);
    this.#logger = options.logger.with({ kind: options.kind });
    this.#faults = new FaultLog(this.#logger);
    // Nobody need be waiting for the first list when it is called off.
    this.#synced.promise.catch(() => {});
  }

  /** The last known state; empty until synced. */
  get cache(): ObjectCache {
    return this.#store;
  }

  /** True once the handlers have seen the whole initial list. */
  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** Why the cache falls behind, when only a person can mend that; troubles that pass by themselves are not told. */
  get fault(): string | undefined {
    return this.#faults.needsPerson;
  }

  /** Starts listing and watching; further calls, and calls after `stop`, do nothing. */
  start(): void {
    if (this.#abort.signal.aborted) return;
    this.#running ??= this.#run(this.#abort.signal);
  }

  /** Ends whatever is under way and resolves when nothing more will happen; further calls wait for the same end. */
  async stop(): Promise<void> {
    const reason = new Error(`The reflector of ${this.#options.kind} was stopped`);
    this.#abort.abort(reason);
    this.#synced.reject(reason);
    await this.#running;
  }

  /**
   * Resolves when the handlers have seen the whole initial list.
   *
   * Errors: RetryableError with the last fault when that takes longer than `timeoutMs`; the signal's reason when it aborts;
   * an Error once stopped.
   */
  async whenSynced(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const end = Promise.withResolvers<void>();
    const onAbort = (): void => end.reject(signal?.reason);
    const timer = this.#options.clock.schedule(timeoutMs, () => end.reject(this.#lateError(timeoutMs)));
    if (signal?.aborted) onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      await Promise.race([this.#synced.promise, end.promise]);
    } finally {
      timer.cancel();
      signal?.removeEventListener("abort", onAbort);
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const delayMs = await this.#listOrWatch(signal).catch((error: unknown) => this.#recover(error, signal));
      // Rejects only when stopped, which the loop notices by itself.
      if (delayMs > 0) await this.#options.clock.sleep(delayMs, signal).catch(() => {});
    }
  }

  /** One list or one watch; returns how long to wait before the next, ms. */
  async #listOrWatch(signal: AbortSignal): Promise<number> {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#resourceVersion !== undefined && nowMs < this.#nextListMs)
      return this.#watch(this.#resourceVersion, signal);
    // Before it is tried: where only lists fail, the watch goes on.
    this.#nextListMs = nowMs + this.#timings.relistAfterMs;
    await this.#list(signal);
    return 0;
  }

  async #list(signal: AbortSignal): Promise<void> {
    const startMs = this.#options.clock.monotonicMs();
    const snapshot = await this.#snapshots.take(signal);
    // A list that was answered after stop() must not reach the handlers any more.
    signal.throwIfAborted();
    this.#deliver(this.#store.replace(snapshot.items, !this.#hasSynced));
    this.#resourceVersion = snapshot.resourceVersion;
    this.#hasSynced = true;
    this.#synced.resolve();
    this.#isWell();
    this.#options.observer?.listed?.(snapshot.items.length, this.#options.clock.monotonicMs() - startMs);
  }

  async #watch(resourceVersion: string, signal: AbortSignal): Promise<number> {
    const { listWatch, clock, random, observer } = this.#options;
    const { minWatchSeconds, maxSilenceMs, watchGraceMs, shortWatchMs } = this.#timings;
    const startMs = clock.monotonicMs();
    const timeoutSeconds = Math.ceil(minWatchSeconds * (1 + random()));
    const end = await runWatch(
      {
        open: (abort) => listWatch.watch({ resourceVersion, timeoutSeconds, signal: abort }),
        clock,
        timeoutSeconds,
        maxSilenceMs,
        graceMs: watchGraceMs,
        onEvent: (event) => this.#receive(event),
      },
      signal,
    );
    observer?.watchEnded?.(end);
    const lastedMs = clock.monotonicMs() - startMs;
    if (end === "closed" && lastedMs < shortWatchMs) return this.#delay.nextMs();
    this.#logger.debug("The watch ended", { end, lastedMs: Math.round(lastedMs) });
    if (end === "closed") this.#isWell();
    return 0;
  }

  #receive(event: WatchEvent): void {
    this.#options.observer?.eventReceived?.(event.type);
    this.#isWell();
    if (event.type === "BOOKMARK") {
      this.#resourceVersion = event.resourceVersion;
      return;
    }
    this.#deliver(this.#store.apply(event));
    this.#resourceVersion = event.object.metadata.resourceVersion;
  }

  #deliver(changes: readonly ObjectChange[]): void {
    for (const change of changes) {
      try {
        this.#options.onChange(change);
      } catch (error) {
        this.#logger.error("A handler failed; the object stays in the cache", { change: change.type, err: error });
        this.#options.observer?.handlerFailed?.();
      }
    }
  }

  /** Decides what a failure costs: the resource version or not, and how long to wait, ms. */
  #recover(error: unknown, signal: AbortSignal): number {
    if (signal.aborted) return 0;
    const { listWatch, observer } = this.#options;
    const fault = listWatch.faultOf(error);
    if (this.#resourceVersion !== undefined) observer?.watchEnded?.("failed");
    observer?.faulted?.(fault.kind);
    if (relistAfter.has(fault.kind)) this.#resourceVersion = undefined;
    const delayMs = this.#mayRelistAtOnce(fault.kind) ? 0 : this.#delay.nextMs(fault.retryAfterMs);
    this.#faults.failed(fault.kind, error, delayMs);
    this.#lastFault = { kind: fault.kind, error };
    return delayMs;
  }

  /** An expired version is nobody's fault and a list mends it, unless the server says so again and again. */
  #mayRelistAtOnce(kind: FaultKind): boolean {
    if (kind !== "expired") return false;
    const nowMs = this.#options.clock.monotonicMs();
    const isFirst = nowMs - this.#lastExpiredMs > this.#timings.reconnect.capMs;
    this.#lastExpiredMs = nowMs;
    return isFirst;
  }

  #isWell(): void {
    this.#lastFault = undefined;
    this.#faults.recovered();
  }

  #lateError(timeoutMs: number): RetryableError {
    const { kind } = this.#options;
    const fault = this.#lastFault;
    const why =
      fault === undefined
        ? "the API server has not answered yet"
        : `${fault.kind}: ${fault.error instanceof Error ? fault.error.message : String(fault.error)}`;
    return new RetryableError(`The cache of ${kind} did not fill within ${timeoutMs / 1_000} s: ${why}`, {
      reason: "CacheSyncTimeout",
      cause: fault?.error,
    });
  }
}
