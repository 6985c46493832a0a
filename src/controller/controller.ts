import type { KubeObject, ObjectKey } from "../engine/ports.ts";
import { KeyedBackoff } from "../runtime/queue/backoff.ts";
import type { Shares } from "../runtime/queue/shares.ts";
import { WorkQueue } from "../runtime/queue/work-queue.ts";
import { Workers } from "../runtime/queue/workers.ts";
import { type ObjectWatch, ReflectorGroup } from "../runtime/watch/reflector-group.ts";
import type { ObjectCache, ObjectChange } from "../runtime/watch/store.ts";
import { ClaimsByAccount } from "./accounts/instance-claims.ts";
import type { ClassController } from "./classes/class-controller.ts";
import { CLASS_INDEXERS, objectsOfCache } from "./classes/objects-by-class.ts";
import {
  type OrphanSources,
  openClasses,
  openOrphans,
  openReconciler,
  openScans,
  ownedPart,
} from "./controller-parts.ts";
import type { ControllerDependencies, ControllerSettings, ControllerShard } from "./controller-settings.ts";
import type { DriftEvents } from "./drift/drift-events.ts";
import { openDriftEvents } from "./drift/open-drift-events.ts";
import { keyText, logFieldsOf, namespaceOf } from "./object-key.ts";
import { CountedOrphans } from "./orphans/counted-orphans.ts";
import { Releases } from "./orphans/deleted-objects.ts";
import type { Orphans } from "./orphans/orphans.ts";
import { CrdDeletion } from "./reconcile/crd-deletion.ts";
import { OwnStatus } from "./reconcile/own-status.ts";
import type { QueuedReport } from "./reconcile/queued-report.ts";
import type { Reconciler } from "./reconcile/reconciler.ts";
import { ScanCoverageByAccount } from "./scan/scan-coverage.ts";
import type { ScanSupervisor } from "./scan/scan-supervisor.ts";
import { priorityOf, queueRequeue, URGENT_FROM, type Urgency, urgencyOf } from "./urgency.ts";
import { shouldReconcile, urgencyAtStart, urgencyOfChange } from "./watch-predicates.ts";

export type { ControllerDependencies, ControllerSettings } from "./controller-settings.ts";

/**
 * Watches InstanceProfiles and keeps AWS in sync with them: the reflector fills the queue, and the workers reconcile
 * its keys.
 */
export class Controller {
  readonly #queue: WorkQueue;
  readonly #reflector: ObjectWatch;
  /** Unset: it has all accounts. */
  readonly #shard: ControllerShard | undefined;
  readonly #workers: Workers;
  readonly #scans: ScanSupervisor;
  readonly #classes: ClassController;
  readonly #orphans: Orphans;
  readonly #driftEvents: DriftEvents;
  readonly #ownStatus: OwnStatus;
  readonly #queuedReport: QueuedReport;
  readonly #settings: ControllerSettings;
  #isWorking = false;

  constructor(deps: ControllerDependencies) {
    const { clock, logger, settings, clusterId } = deps;
    this.#settings = settings;
    this.#queue = this.#openQueue(deps);
    this.#shard = deps.shard;
    this.#reflector = this.#openReflector(deps);
    const monotonicMs = (): number => clock.monotonicMs();
    const coverage = new ScanCoverageByAccount(monotonicMs);
    this.#ownStatus = this.#openOwnStatus(deps);
    const objects = (): readonly KubeObject[] => this.#objects.list();
    const counted = new CountedOrphans(() => this.#classes.orphansFreed());
    this.#classes = openClasses(deps, {
      objects: objectsOfCache(this.#objects),
      orphans: counted,
      onChange: () => this.#classesChanged(),
      enqueue: (key, urgency) => this.#enqueue(key, urgency),
    });
    const { resolver } = this.#classes;
    const accountOf = (raw: KubeObject): string | undefined => resolver.accountOf(raw);
    const claims = new ClaimsByAccount({ objects, accountOf, clusterId, rules: resolver.claimRules });
    const listClasses = (signal: AbortSignal) => this.#classes.listLive(signal);
    const releases = new Releases();
    const crdDeletion = new CrdDeletion({ crd: deps.crd, policy: settings.crdDeletionPolicy, monotonicMs, logger });
    const { reconciler, queuedReport } = openReconciler(deps, {
      objects: this.#ownStatus.noting(releases.noting(deps.objects)),
      queue: this.#queue,
      coverage,
      claims,
      classes: resolver,
      listClasses,
      crdDeletion,
      reflector: ownedPart(this.#reflector, (raw) => this.#owns(raw)),
      ownStatus: this.#ownStatus,
    });
    this.#orphans = this.#openOrphans(deps, { releases, claims, resolver, counted, crdDeletion });
    this.#scans = openScans(deps, {
      classes: resolver,
      objects,
      queue: this.#queue,
      coverage,
      claims,
      orphans: this.#orphans,
      enqueue: (key, urgency) => this.#enqueue(key, urgency),
    });
    const { cache } = this;
    this.#driftEvents = openDriftEvents(deps, { queue: this.#queue, cache, classes: resolver, scans: this.#scans });
    this.#queuedReport = queuedReport;
    this.#workers = this.#openWorkers(deps, reconciler);
  }

  /** The keys that are queued or being reconciled. */
  get queue(): WorkQueue {
    return this.#queue;
  }

  /** The objects in the cache, with the controller's own statuses. */
  get #objects(): ObjectCache {
    return this.#ownStatus.view(this.#reflector.cache, CLASS_INDEXERS);
  }

  /** The objects in the cache. */
  get cache(): ObjectCache {
    return this.#reflector.cache;
  }

  /** The classes in the cache. */
  get classes(): ObjectCache {
    return this.#classes.cache;
  }

  /** True once every object and every class is in the cache. */
  get hasSynced(): boolean {
    return this.#reflector.hasSynced && this.#classes.hasSynced;
  }

  /** Why a watch is broken, when that needs manual intervention. */
  get watchFault(): string | undefined {
    return this.#reflector.fault ?? this.#classes.watchFault;
  }

  /**
   * Starts the watches, and resolves when the cache holds every object. Reconciles nothing before `work`, so that a
   * standby has a warm cache.
   *
   * Errors: the last fault of the list when it exceeds the timeout; the signal's reason when it aborts first. In both
   * cases the watch continues until `stop`.
   */
  async start(signal: AbortSignal): Promise<void> {
    const { syncTimeoutMs } = this.#settings;
    this.#reflector.start();
    await Promise.all([this.#reflector.whenSynced(syncTimeoutMs, signal), this.#classes.start(syncTimeoutMs, signal)]);
  }

  /** Enqueues every object and starts the workers. Does nothing after `stop`. */
  work(): void {
    this.#isWorking = true;
    this.#ownStatus.start();
    const objects = this.#reflector.cache.list();
    for (const raw of objects) this.#enqueue(keyText(raw["metadata"] as ObjectKey), urgencyAtStart(raw));
    this.#scans.work();
    this.#driftEvents.start();
    this.#classes.work();
    this.#queuedReport.start();
    this.#workers.start();
  }

  /** Starts no more reconciles, and waits up to `drainMs` for running ones; false when some did not finish. */
  async stop(drainMs: number): Promise<boolean> {
    const [drained, classesDrained] = await Promise.all([
      this.#workers.stop(drainMs),
      this.#classes.stop(drainMs),
      this.#scans.stop(),
      this.#queuedReport.stop(),
      this.#orphans.stop(),
      this.#driftEvents.stop(),
    ]);
    await this.#reflector.stop();
    return drained && classesDrained;
  }

  #openReflector(deps: ControllerDependencies): ObjectWatch {
    const onChange = (change: ObjectChange): void => this.#objectChanged(change);
    const observer = deps.observers?.reflector;
    const watch = { ...deps, kind: "InstanceProfile", indexers: CLASS_INDEXERS, onChange, observer };
    return deps.shard?.objects.subscribe(onChange) ?? new ReflectorGroup(watch);
  }

  #openOwnStatus({ clock, random, logger }: ControllerDependencies): OwnStatus {
    const restoreAfter = (key: string, delayMs: number): void =>
      this.#queue.addAfter(key, delayMs, { priority: priorityOf("scan") });
    return new OwnStatus({ monotonicMs: () => clock.monotonicMs(), random, logger, restoreAfter });
  }

  #openWorkers(
    { clock, logger, newReconcileId, settings, observers }: ControllerDependencies,
    reconciler: Reconciler,
  ): Workers {
    return new Workers({
      queue: this.#queue,
      reconcile: async (key, signal, { logger: runLogger, priority }) => {
        await this.#queuedReport.written(key);
        const run = { logger: runLogger, urgency: urgencyOf(priority) };
        return queueRequeue(await reconciler.reconcile(key, signal, run));
      },
      clock,
      logger,
      newReconcileId,
      fieldsOf: logFieldsOf,
      concurrency: settings.concurrency,
      observer: observers?.workers,
    });
  }

  #openQueue({ clock, random, observers }: ControllerDependencies): WorkQueue {
    const backoff = new KeyedBackoff(random);
    return new WorkQueue({ clock, backoff, observer: observers?.queue, shares: this.#shares() });
  }

  /** Namespaces take turns. An account that throttles or does not respond can block only its share of the workers. */
  #shares(): Shares {
    return {
      groupOf: namespaceOf,
      laneOf: (key) => this.#classes.resolver.accountOf(this.#reflector.cache.get(key) ?? {}) ?? "",
      lanes: () => this.#classes.resolver.classes.accountIds.length,
      workers: this.#settings.concurrency,
      urgentFrom: URGENT_FROM,
    };
  }

  #openOrphans(deps: ControllerDependencies, known: Omit<OrphanSources, "cache" | "accountOf">): Orphans {
    return openOrphans(deps, { ...known, cache: this.#objects, accountOf: (raw) => this.#scans.accountOf(raw) });
  }

  /** True for an object that this controller reconciles. */
  #owns(raw: KubeObject): boolean {
    return this.#shard === undefined || this.#shard.hasAccount(this.#classes.resolver.accountOf(raw));
  }

  #classesChanged(): void {
    this.#scans.classesChanged();
    this.#driftEvents.classesChanged();
  }

  #objectChanged(shown: ObjectChange): void {
    const isOwned = this.#owns(shown.type === "deleted" ? shown.old : shown.new);
    const change = this.#isWorking && isOwned ? this.#ownStatus.seen(shown) : shown;
    this.#classes.objectChanged(change);
    if (!isOwned) return;
    this.#scans.objectChanged(change);
    this.#orphans.objectChanged(change, this.#isWorking);
    this.#driftEvents.objectChanged(change);
    switch (change.type) {
      case "added":
        this.#enqueue(
          keyText(change.new.metadata),
          change.isInInitialList ? urgencyAtStart(change.new) : urgencyOfChange(undefined, change.new),
        );
        return;
      case "updated":
        if (shouldReconcile(change.old, change.new))
          this.#enqueue(keyText(change.new.metadata), urgencyOfChange(change.old, change.new));
        return;
      case "deleted":
        // The reconcile clears the caches of the object; `orphans` handles what is left in AWS.
        this.#enqueue(keyText(change.old.metadata));
        return;
    }
  }

  /** Does nothing on a standby: the leader handles the change, and `work` enqueues every object. */
  #enqueue(key: string, urgency: Urgency = "change"): void {
    const raw = this.#reflector.cache.get(key);
    if (!this.#isWorking || (raw !== undefined && !this.#owns(raw))) return;
    this.#queue.add(key, { priority: priorityOf(urgency) });
  }
}
