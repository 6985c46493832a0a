import type { EventSink, ObjectClient } from "../../engine/ports.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { WorkQueue } from "../../runtime/queue/work-queue.ts";
import type { ObjectCache } from "../../runtime/watch/store.ts";
import type { RequeueIntervals } from "../../status/requeue.ts";
import type { Logger } from "../../telemetry.ts";
import type { Accounts } from "../accounts/account-access.ts";
import type { OperatorGrants } from "../classes/class-binding.ts";
import { MutationCache, type WatchedCache } from "./mutation-cache.ts";
import { QueuedReport } from "./queued-report.ts";
import { Reconciler, type ReconcilerDependencies } from "./reconciler.ts";
import { StatusWriter } from "./status-writer.ts";
import { unreportedSinceMs } from "./subject.ts";
import type { ResultObserver } from "./telemetry.ts";

/** The dependencies of {@link openReconciler}. */
export interface OpenReconcilerOptions extends OperatorGrants {
  readonly objects: ObjectClient;
  readonly events: EventSink;
  readonly accounts: Accounts;
  readonly clusterId: string;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly intervals: RequeueIntervals;
  readonly observer: ResultObserver | undefined;
  readonly queue: WorkQueue;
  readonly logger: Logger;
}

/** What a reconciler shares with the rest of the controller. */
interface KnownToReconciler
  extends Pick<
    ReconcilerDependencies,
    "coverage" | "claims" | "classes" | "listClasses" | "crdDeletion" | "ownStatus"
  > {
  /** Shows no object that this controller does not reconcile. */
  readonly reflector: { readonly cache: Pick<ObjectCache, "get"> } & WatchedCache;
}

/** Creates a reconciler with empty caches, and the report about the objects that wait for it. */
export function openReconciler(
  options: OpenReconcilerOptions,
  { reflector, ...known }: KnownToReconciler,
): { readonly reconciler: Reconciler; readonly queuedReport: QueuedReport } {
  const { objects, events, accounts, clusterId, clock, random, intervals, observer } = options;
  const monotonicMs = (): number => clock.monotonicMs();
  const mutationCache = new MutationCache(monotonicMs, reflector);
  const nowMs = (): number => clock.nowMs();
  const statusWriter = new StatusWriter({
    objects,
    events,
    mutationCache,
    intervals,
    nowMs,
    monotonicMs,
    random,
    observer,
  });
  const report = async (key: string, waiting: number | undefined, signal: AbortSignal): Promise<void> => {
    const raw = mutationCache.newest(key, reflector.cache.get(key));
    // A status that another client has overwritten is restored first.
    if (raw === undefined || known.ownStatus.withOwn(key, raw) !== raw) return;
    await statusWriter.reportQueued(raw, waiting, signal);
  };
  const waitingSinceMs = (key: string): number | undefined => unreportedSinceMs(reflector.cache.get(key));
  const queuedReport = new QueuedReport({ ...options, unreportedSinceMs: waitingSinceMs, report });
  const reconciler = new Reconciler({
    ...known,
    cache: { get: (key) => reflector.cache.get(key) },
    objects,
    monotonicMs,
    nowMs,
    mutationCache,
    accounts,
    statusWriter,
    clusterId,
    allowsAdoption: options.allowsAdoption,
    adoptsFrom: options.adoptsFrom,
  });
  return { reconciler, queuedReport };
}
