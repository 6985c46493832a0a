import type { AwsAccount } from "../engine/accounts/aws-account.ts";
import type { KubeObject, ObjectClient } from "../engine/ports.ts";
import type { WorkQueue } from "../runtime/queue/work-queue.ts";
import type { ListWatch, WatchedObject } from "../runtime/watch/list-watch.ts";
import type { ObjectWatch } from "../runtime/watch/reflector-group.ts";
import type { ObjectCache } from "../runtime/watch/store.ts";
import { boundaryOf } from "./accounts/account-access.ts";
import type { ClaimsByAccount } from "./accounts/instance-claims.ts";
import { ClassController } from "./classes/class-controller.ts";
import type { ClassResolver } from "./classes/class-resolver.ts";
import { classTenure, isWholeCluster } from "./classes/class-tenure.ts";
import type { ObjectsByClass } from "./classes/objects-by-class.ts";
import type { ControllerDependencies } from "./controller-settings.ts";
import { operatorQueues } from "./drift/open-drift-events.ts";
import type { CountedOrphans } from "./orphans/counted-orphans.ts";
import { asDeleted, DeletedObjects, type Releases } from "./orphans/deleted-objects.ts";
import { Orphans } from "./orphans/orphans.ts";
import type { CrdDeletion } from "./reconcile/crd-deletion.ts";
import { MutationCache, type WatchedCache } from "./reconcile/mutation-cache.ts";
import { QueuedReport } from "./reconcile/queued-report.ts";
import { Reconciler, type ReconcilerDependencies } from "./reconcile/reconciler.ts";
import { StatusWriter } from "./reconcile/status-writer.ts";
import { unreportedSinceMs } from "./reconcile/subject.ts";
import { ScanSupervisor, type ScanSupervisorOptions } from "./scan/scan-supervisor.ts";
import type { Urgency } from "./urgency.ts";

/** What the classes share with the rest of a controller. */
interface ClassSurroundings {
  /** The objects in the cache, with the controller's own statuses. */
  readonly objects: ObjectsByClass;
  readonly orphans: CountedOrphans;
  /** Called when the classes that exist, or their accounts, have changed. */
  readonly onChange: () => void;
  readonly enqueue: (key: string, urgency: Urgency) => void;
}

/** Opens the class controller of a controller, with the settings that concern classes. */
export function openClasses(deps: ControllerDependencies, surroundings: ClassSurroundings): ClassController {
  const { accounts, clusterId, clock, random, logger, events, newReconcileId, settings, ownPlace } = deps;
  return new ClassController({
    own: () => ({ place: { ...ownPlace, accountId: accounts.ownId }, variables: settings.variables ?? {} }),
    ...deps.classes,
    ...surroundings,
    clusterId,
    clock,
    random,
    logger,
    events,
    newReconcileId,
    verify: (of, signal) => accounts.verify(of, signal),
    boundaryOf: (of, signal) => boundaryOf(accounts, of, signal),
    requiresClass: settings.requiresClass ?? false,
    allowsExternalRoles: settings.allowsExternalRoles,
    defaultDeletionPolicy: settings.defaultDeletionPolicy,
    isDryRun: settings.isDryRun,
    tenure: classTenure(deps.scope ?? {}, settings.reportsClasses),
    hasAccount: deps.shard?.hasAccount,
    shared: deps.shard?.classes,
  });
}

/** What a reconciler shares with the rest of the controller. */
interface KnownToReconciler
  extends Pick<
    ReconcilerDependencies,
    "coverage" | "claims" | "classes" | "listClasses" | "crdDeletion" | "ownStatus"
  > {
  /** Writes, and notes what the rest of the controller must know of the writes. */
  readonly objects: ObjectClient;
  readonly queue: WorkQueue;
  /** Shows no object that this controller does not reconcile. */
  readonly reflector: { readonly cache: Pick<ObjectCache, "get"> } & WatchedCache;
}

/** Creates a reconciler with empty caches, and the report about the objects that wait for it. */
export function openReconciler(
  deps: ControllerDependencies,
  { objects, queue, reflector, ...known }: KnownToReconciler,
): { readonly reconciler: Reconciler; readonly queuedReport: QueuedReport } {
  const { events, accounts, clusterId, clock, random, logger, settings } = deps;
  const monotonicMs = (): number => clock.monotonicMs();
  const mutationCache = new MutationCache(monotonicMs, reflector);
  const nowMs = (): number => clock.nowMs();
  const statusWriter = new StatusWriter({
    objects,
    events,
    mutationCache,
    intervals: settings.intervals,
    nowMs,
    monotonicMs,
    random,
    observer: deps.observers?.results,
  });
  const report = async (key: string, waiting: number | undefined, signal: AbortSignal): Promise<void> => {
    const raw = mutationCache.newest(key, reflector.cache.get(key));
    // A status that another client has overwritten is restored first.
    if (raw === undefined || known.ownStatus.withOwn(key, raw) !== raw) return;
    await statusWriter.reportQueued(raw, waiting, signal);
  };
  const waitingSinceMs = (key: string): number | undefined => unreportedSinceMs(reflector.cache.get(key));
  const queuedReport = new QueuedReport({ queue, clock, logger, unreportedSinceMs: waitingSinceMs, report });
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
    allowsAdoption: settings.allowsAdoption,
    adoptsFrom: settings.adoptsFrom,
  });
  return { reconciler, queuedReport };
}

/** The part of a watch that a reconciler sees: an object that moves to an account of another shard no longer exists for it. */
export function ownedPart(
  watch: Pick<ObjectWatch, "cache" | "listedMs" | "relist">,
  owns: (raw: KubeObject) => boolean,
): { readonly cache: Pick<ObjectCache, "get"> } & Pick<ObjectWatch, "listedMs" | "relist"> {
  return {
    cache: {
      get(key) {
        const raw = watch.cache.get(key);
        return raw === undefined || !owns(raw) ? undefined : raw;
      },
    },
    get listedMs() {
      return watch.listedMs;
    },
    relist: (from, to) => watch.relist(from, to),
  };
}

/** The parts of a controller that orphans share. */
export interface OrphanSources {
  readonly releases: Releases;
  readonly claims: ClaimsByAccount;
  readonly resolver: ClassResolver;
  readonly counted: CountedOrphans;
  readonly crdDeletion: Pick<CrdDeletion, "deletedAlone">;
  readonly cache: ObjectCache;
  readonly accountOf: (raw: KubeObject) => AwsAccount | undefined;
}

/** Small, because one object that is not being deleted is enough, and usually on the first page. */
const PAGE_SIZE = 50;

/** Creates the {@link Orphans} of a controller. */
export function openOrphans(deps: ControllerDependencies, sources: OrphanSources): Orphans {
  const { clusterId, scope = {}, settings, observers = {} } = deps;
  const { releases, claims, resolver, counted, crdDeletion, cache, accountOf } = sources;
  return new Orphans({
    releases,
    claims,
    counted,
    crdDeletion,
    cache,
    accountOf,
    client: deps.objects,
    events: deps.events,
    monotonicMs: () => deps.clock.monotonicMs(),
    logger: deps.logger,
    policy: settings.isDryRun ? "Retain" : settings.orphanPolicy,
    isDryRun: settings.isDryRun,
    scope: { clusterId, namespaces: scope.namespaces },
    hasLabelSelector: scope.labelSelector !== undefined,
    deleted: new DeletedObjects(clusterId),
    observerOf: observers.orphans,
    hasLiveObjects: (signal) => hasLiveObjects(deps.listWatches, signal),
    asJudged(last) {
      const object = asDeleted(last);
      const binding = object && resolver.bindingOf(object);
      return binding === undefined || binding.kind === "refused" ? undefined : binding.object;
    },
  });
}

async function hasLiveObjects(listWatches: readonly Pick<ListWatch, "list">[], signal: AbortSignal): Promise<boolean> {
  for (const listWatch of listWatches) {
    let continueToken: string | undefined;
    do {
      const page = await listWatch.list({ limit: PAGE_SIZE, continueToken, signal });
      if (page.items.some(isLive)) return true;
      continueToken = page.continueToken;
    } while (continueToken !== undefined);
  }
  return false;
}

function isLive({ metadata }: WatchedObject): boolean {
  return metadata.deletionTimestamp === undefined;
}

/** What the scans share with the rest of a controller. */
type ScanSurroundings = Pick<
  ScanSupervisorOptions,
  "classes" | "objects" | "queue" | "coverage" | "claims" | "orphans" | "enqueue"
>;

/** Opens the account scans of a controller, with the settings that concern them. */
export function openScans(deps: ControllerDependencies, surroundings: ScanSurroundings): ScanSupervisor {
  const { accounts, clusterId, clock, random, logger, settings } = deps;
  return new ScanSupervisor({
    ...surroundings,
    accounts,
    clusterId,
    clock,
    random,
    logger,
    settings,
    observerOf: deps.observers?.scans,
    isScoped: !isWholeCluster(deps.scope ?? {}),
    isDriftReported: operatorQueues(deps).length > 0,
    hasAccount: deps.shard?.hasAccount,
  });
}
