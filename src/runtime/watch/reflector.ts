import { RetryableError } from "../../errors.ts";
import type { Logger } from "../../telemetry.ts";
import { SnapshotReader } from "./list-snapshot.ts";
import { type FaultKind, isRewound, type ListWatchFault, RewoundError, type WatchEvent } from "./list-watch.ts";
import { FaultLog, ReconnectDelay } from "./reflector-faults.ts";
import { DEFAULT_REFLECTOR_TIMINGS, type ReflectorOptions, type ReflectorTimings } from "./reflector-options.ts";
import { type ObjectCache, type ObjectChange, ObjectStore } from "./store.ts";
import { runWatch } from "./watch-session.ts";

/** Faults after which the last resource version is unusable, so that the reflector lists again. */
const RELIST_AFTER: ReadonlySet<FaultKind> = new Set(["expired", "rewound", "malformed", "notFound", "rejected"]);

/**
 * A restore of etcd stops every API server for longer. After a longer silence the server may have another past, in which its
 * resource versions have grown beyond the start of the watch: the watch would show neither an error nor what is different.
 */
const MAX_SILENCE_MS = 2_000;

/** The API server accepted a watch after such a silence. */
class LongSilenceError extends Error {}

/**
 * Keeps a cache of all objects of one kind up to date with the API server: lists, then watches, until stopped.
 *
 * Guarantees: no fault of the server, the network, the credentials or a handler ends it, only `stop` does. Changes while
 * nothing could be watched are found by the next list, deletions included; so are changes that a watch has missed, because it
 * lists about every half an hour. A restore of etcd leaves nothing of the lost past in the cache: it lists after each silence
 * that can hide one, and when a resource version goes back. It never sends requests in a tight loop.
 * Assumption: handlers are quick, such as adding a key to a queue.
 */
export class Reflector {
  readonly #options: ReflectorOptions;
  readonly #timings: ReflectorTimings;
  readonly #store: ObjectStore;
  readonly #snapshots: SnapshotReader;
  readonly #delay: ReconnectDelay;
  readonly #faults: FaultLog;
  readonly #logger: Logger;
  readonly #abort = new AbortController();
  readonly #synced = Promise.withResolvers<void>();
  /** Start of the next watch; undefined: list first. */
  #resourceVersion: string | undefined;
  /** The last start of a watch, kept while `#resourceVersion` is unset. */
  #lastVersion: string | undefined;
  #watchAbort: AbortController | undefined;
  /** When the server last sent something of the past that the cache shows. */
  #heardMs = Number.NEGATIVE_INFINITY;
  /** True until the watch after a list is open, so that a slow server is not listed again and again. */
  #hasJustListed = false;
  #listedMs = Number.NEGATIVE_INFINITY;
  #hasSynced = false;
  #lastFault: { readonly kind: FaultKind; readonly error: unknown } | undefined;
  #lastExpiredMs = Number.NEGATIVE_INFINITY;
  #nextListMs = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | undefined;

  constructor(options: ReflectorOptions) {
    this.#options = options;
    this.#store = new ObjectStore(options.indexers);
    this.#timings = { ...DEFAULT_REFLECTOR_TIMINGS, ...options.timings };
    this.#snapshots = new SnapshotReader(options.listWatch, options.clock);
    this.#delay = new ReconnectDelay(options.clock, options.random, this.#timings.reconnect);
    this.#logger = options.logger.with({ kind: options.kind });
    this.#faults = new FaultLog(this.#logger);
    // There may be no waiter for the first list when it is cancelled.
    this.#synced.promise.catch(() => {});
  }

  /** The last observed state; empty until synced. */
  get cache(): ObjectCache {
    return this.#store;
  }

  /** Whether the handlers have received the whole initial list. */
  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** The start of the last complete list: the cache is at least as new as the server was then. */
  get listedMs(): number {
    return this.#listedMs;
  }

  /** Why the cache falls behind, if that requires manual intervention; transient faults are not reported. */
  get fault(): string | undefined {
    return this.#faults.interventionNeeded;
  }

  /** Starts listing and watching; idempotent, and without effect after `stop`. */
  start(): void {
    if (this.#abort.signal.aborted) return;
    this.#running ??= this.#run(this.#abort.signal);
  }

  /** Lists again, because a reply of the server shows that it went back in time; without effect unless it watches. */
  relist(from: string, to: string): void {
    this.#watchAbort?.abort(new RewoundError(from, to));
  }

  /** Aborts list and watch, and resolves when nothing more will happen; idempotent. */
  async stop(): Promise<void> {
    const reason = new Error(`The reflector of ${this.#options.kind} was stopped`);
    this.#abort.abort(reason);
    this.#synced.reject(reason);
    await this.#running;
  }

  /**
   * Resolves when the handlers have received the whole initial list.
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
      // Rejects only when stopped, which the loop condition checks.
      if (delayMs > 0) await this.#options.clock.sleep(delayMs, signal).catch(() => {});
    }
  }

  /** Runs one list or one watch; returns the delay before the next, ms. */
  async #listOrWatch(signal: AbortSignal): Promise<number> {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#resourceVersion !== undefined && nowMs < this.#nextListMs && !this.#wasSilent())
      return this.#watch(this.#resourceVersion, signal);
    // Set before the attempt: if only lists fail, the watch continues.
    this.#nextListMs = nowMs + this.#timings.relistAfterMs;
    await this.#list(signal);
    return 0;
  }

  async #list(signal: AbortSignal): Promise<void> {
    const startMs = this.#options.clock.monotonicMs();
    const snapshot = await this.#snapshots.take(signal);
    // A list that completes after stop() must not reach the handlers.
    signal.throwIfAborted();
    const isContinuous = !this.#wasSilent() && !isRewound(this.#lastVersion, snapshot.resourceVersion);
    const changes = this.#store.replace(snapshot.items, { isInitialList: !this.#hasSynced, isContinuous });
    this.#reportRewound(changes, snapshot.resourceVersion);
    this.#listedMs = startMs;
    this.#deliver(changes);
    this.#moveTo(snapshot.resourceVersion);
    this.#hasJustListed = true;
    this.#hasSynced = true;
    this.#synced.resolve();
    this.#markHealthy();
    this.#options.observer?.listed?.(snapshot.items.length, this.#options.clock.monotonicMs() - startMs);
  }

  /** Reports a restore of etcd that only a list shows. */
  #reportRewound(changes: readonly ObjectChange[], version: string): void {
    const versions = changes.flatMap((change) =>
      change.type === "updated" ? [[change.old.metadata.resourceVersion, change.new.metadata.resourceVersion]] : [],
    );
    const [from = "", to = ""] = [[this.#lastVersion, version], ...versions].find(([a, b]) => isRewound(a, b)) ?? [];
    if (from === "" || this.#lastFault?.kind === "rewound") return;
    this.#options.observer?.faulted?.("rewound");
    this.#faults.failed("rewound", new RewoundError(from, to), 0);
  }

  #wasSilent(): boolean {
    return this.#options.clock.monotonicMs() - this.#heardMs > MAX_SILENCE_MS;
  }

  #assertNotRewound(current: string): void {
    if (isRewound(this.#lastVersion, current)) throw new RewoundError(this.#lastVersion ?? "", current);
  }

  #moveTo(resourceVersion: string): void {
    this.#resourceVersion = resourceVersion;
    this.#lastVersion = resourceVersion;
    this.#heardMs = this.#options.clock.monotonicMs();
  }

  async #watch(resourceVersion: string, signal: AbortSignal): Promise<number> {
    const { listWatch, clock, random, observer } = this.#options;
    const { minWatchSeconds, maxSilenceMs, watchGraceMs, shortWatchMs } = this.#timings;
    const watch = new AbortController();
    this.#watchAbort = watch;
    const onOpen = (): void => {
      if (this.#wasSilent() && !this.#hasJustListed) watch.abort(new LongSilenceError("The API server was silent"));
      this.#hasJustListed = false;
    };
    const startMs = clock.monotonicMs();
    const timeoutSeconds = Math.ceil(minWatchSeconds * (1 + random()));
    const end = await runWatch(
      {
        open: (abort) => listWatch.watch({ resourceVersion, timeoutSeconds, signal: abort, onOpen }),
        clock,
        timeoutSeconds,
        maxSilenceMs,
        graceMs: watchGraceMs,
        onEvent: (event) => this.#receive(event),
      },
      AbortSignal.any([signal, watch.signal]),
    );
    observer?.watchEnded?.(end);
    const lastedMs = clock.monotonicMs() - startMs;
    // An API server that stops, or loses its etcd, ends watches before their time.
    if (end === "closed" && lastedMs >= timeoutSeconds * 1_000) this.#heardMs = clock.monotonicMs();
    if (end === "closed" && lastedMs < shortWatchMs) return this.#delay.nextMs();
    this.#logger.debug("The watch ended", { end, lastedMs: Math.round(lastedMs) });
    if (end === "closed") this.#markHealthy();
    return 0;
  }

  #receive(event: WatchEvent): void {
    this.#options.observer?.eventReceived?.(event.type);
    this.#markHealthy();
    const resourceVersion = event.type === "BOOKMARK" ? event.resourceVersion : event.object.metadata.resourceVersion;
    this.#assertNotRewound(resourceVersion);
    if (event.type !== "BOOKMARK") this.#deliver(this.#store.apply(event));
    this.#moveTo(resourceVersion);
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

  /** Handles a failure: decides whether to list again, and returns the delay, ms. */
  #recover(error: unknown, signal: AbortSignal): number {
    if (signal.aborted || error instanceof LongSilenceError) return 0;
    const { listWatch, observer } = this.#options;
    const fault: ListWatchFault = error instanceof RewoundError ? { kind: "rewound" } : listWatch.faultOf(error);
    if (fault.kind === "rewound") this.#heardMs = Number.NEGATIVE_INFINITY;
    if (this.#resourceVersion !== undefined) observer?.watchEnded?.("failed");
    observer?.faulted?.(fault.kind);
    if (RELIST_AFTER.has(fault.kind)) this.#resourceVersion = undefined;
    const delayMs = this.#mayRelistAtOnce(fault.kind) ? 0 : this.#delay.nextMs(fault.retryAfterMs);
    this.#faults.failed(fault.kind, error, delayMs);
    this.#lastFault = { kind: fault.kind, error };
    return delayMs;
  }

  /** A list resolves an expired version, which is normal, and a rewound one, unless it repeats. */
  #mayRelistAtOnce(kind: FaultKind): boolean {
    if (kind !== "expired" && kind !== "rewound") return false;
    const nowMs = this.#options.clock.monotonicMs();
    const isFirst = nowMs - this.#lastExpiredMs > this.#timings.reconnect.capMs;
    this.#lastExpiredMs = nowMs;
    return isFirst;
  }

  #markHealthy(): void {
    this.#lastFault = undefined;
    this.#faults.recovered();
  }

  #lateError(timeoutMs: number): RetryableError {
    const { kind } = this.#options;
    const fault = this.#lastFault;
    const why =
      fault === undefined
        ? "the API server has not responded yet"
        : `${fault.kind}: ${fault.error instanceof Error ? fault.error.message : String(fault.error)}`;
    return new RetryableError(`The cache of ${kind} was not filled within ${timeoutMs / 1_000} s: ${why}`, {
      reason: "CacheSyncTimeout",
      cause: fault?.error,
    });
  }
}
