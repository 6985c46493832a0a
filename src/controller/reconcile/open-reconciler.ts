import type { EventSink, ObjectClient } from "../../engine/ports.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { RequeueIntervals } from "../../status/requeue.ts";
import type { Accounts } from "../accounts/account-access.ts";
import { MutationCache } from "./mutation-cache.ts";
import { Reconciler, type ReconcilerDependencies } from "./reconciler.ts";
import type { ResultObserver } from "./result-observer.ts";
import { StatusWriter } from "./status-writer.ts";

/** The dependencies of {@link openReconciler}. */
export interface OpenReconcilerOptions {
  readonly objects: ObjectClient;
  readonly events: EventSink;
  readonly accounts: Accounts;
  readonly clusterId: string;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly intervals: RequeueIntervals;
  /** See {@link ReconcilerDependencies}. */
  readonly allowsAdoption?: boolean | undefined;
  readonly observer: ResultObserver | undefined;
}

/** Creates a reconciler with empty caches. */
export function openReconciler(
  options: OpenReconcilerOptions,
  known: Pick<
    ReconcilerDependencies,
    "coverage" | "claims" | "cache" | "classes" | "listClasses" | "crdDeletion" | "ownStatus"
  >,
): Reconciler {
  const { objects, events, accounts, clusterId, clock, random, intervals, observer } = options;
  const monotonicMs = (): number => clock.monotonicMs();
  const mutationCache = new MutationCache(monotonicMs);
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
  return new Reconciler({
    ...known,
    objects,
    monotonicMs,
    nowMs,
    mutationCache,
    accounts,
    statusWriter,
    clusterId,
    allowsAdoption: options.allowsAdoption,
  });
}
