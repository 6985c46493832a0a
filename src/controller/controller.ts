import type { AccountRegistry } from "../engine/accounts/account-registry.ts";
import type { EventSink, KubeObject, ObjectClient, ObjectKey } from "../engine/ports.ts";
import type { Clock } from "../runtime/clock.ts";
import { KeyedBackoff } from "../runtime/queue/backoff.ts";
import { LanedQueue } from "../runtime/queue/laned-queue.ts";
import { type QueueObserver, WorkQueue } from "../runtime/queue/work-queue.ts";
import { type WorkerObserver, Workers } from "../runtime/queue/workers.ts";
import type { ListWatch } from "../runtime/watch/list-watch.ts";
import { Reflector } from "../runtime/watch/reflector.ts";
import type { ReflectorObserver } from "../runtime/watch/reflector-options.ts";
import type { ObjectCache, ObjectChange } from "../runtime/watch/store.ts";
import type { RequeueIntervals } from "../status/requeue.ts";
import type { Logger } from "../telemetry.ts";
import { boundaryOf } from "./accounts/account-access.ts";
import { ClaimsByAccount } from "./accounts/claims-by-account.ts";
import { ClassController } from "./classes/class-controller.ts";
import { keyText, logFieldsOf } from "./object-key.ts";
import { CountedOrphans } from "./orphans/counted-orphans.ts";
import { type OrphanSources, openOrphans } from "./orphans/open-orphans.ts";
import type { OrphanObserver, OrphanPolicy } from "./orphans/orphan-options.ts";
import type { Orphans } from "./orphans/orphans.ts";
import { Releases } from "./orphans/releases.ts";
import { openReconciler } from "./reconcile/open-reconciler.ts";
import type { Reconciler } from "./reconcile/reconciler.ts";
import type { ResultObserver } from "./reconcile/result-observer.ts";
import type { ScanObserver } from "./scan/iam-scan.ts";
import { ScanCoverageByAccount } from "./scan/scan-coverage.ts";
import { ScanSupervisor } from "./scan/scan-supervisor.ts";
import { priorityOf, queueRequeue, type Urgency, urgencyOf } from "./urgency.ts";
import { shouldReconcile, urgencyAtStart } from "./watch-predicates.ts";

/** Everything a controller needs from outside; the composition root makes it. */
export interface ControllerDependencies {
  readonly listWatch: ListWatch;
  /** What `listWatch` shows, when it does not show every object. */
  readonly scope?: { readonly namespace?: string; readonly labelSelector?: string };
  readonly objects: ObjectClient;
  /** InstanceProfileClasses. */
  readonly classes: { readonly listWatch: ListWatch; readonly client: ObjectClient };
  readonly events: EventSink;
  readonly accounts: AccountRegistry;
  readonly clusterId: string;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly newReconcileId: () => string;
  readonly logger: Logger;
  readonly settings: ControllerSettings;
  readonly observers?: ControllerObservers;
}

/** The seams for metrics, all of them together. */
export interface ControllerObservers {
  readonly queue?: QueueObserver;
  readonly workers?: WorkerObserver;
  readonly reflector?: ReflectorObserver;
  readonly results?: ResultObserver;
  /** By account: its id, or OWN_ACCOUNT. */
  readonly scans?: (account: string) => ScanObserver;
  /** By account, too. */
  readonly orphans?: (account: string) => OrphanObserver;
}

/** What an operator may choose. */
export interface ControllerSettings {
  /** Objects worked on at once. */
  readonly concurrency: number;
  readonly intervals: RequeueIntervals;
  readonly propagationWindowMs: number;
  /** Between two looks at the whole account. */
  readonly scanIntervalMs: number;
  /** What becomes of what is left in AWS of objects that are gone; see docs/adr/0015. */
  readonly orphanPolicy: OrphanPolicy;
  /** Objects without a class may adopt what nobody owns; unset: they may not. */
  readonly allowsAdoption?: boolean;
  /** How long to wait for the first list before giving up. */
  readonly syncTimeoutMs: number;
  /** Whether objects without a class are blocked, also where there are no classes. Default: false. */
  readonly requiresClass?: boolean;
}

/**
 * Watches InstanceProfiles and keeps AWS in step with them: the reflector fills the queue, the workers empty it.
 */
export class Controller {
  readonly #queue: WorkQueue;
  readonly #reflector: Reflector;
  readonly #workers: Workers;
  readonly #scans: ScanSupervisor;
  readonly #classes: ClassController;
  readonly #orphans: Orphans;
  readonly #settings: ControllerSettings;
  #isWorking = false;

  constructor(deps: ControllerDependencies) {
    const { clock, random, logger, settings, accounts, clusterId, observers = {} } = deps;
    this.#settings = settings;
    this.#queue = new WorkQueue({ clock, backoff: new KeyedBackoff(random), observer: observers.queue });
    this.#reflector = new Reflector({
      kind: "InstanceProfile",
      listWatch: deps.listWatch,
      onChange: (change) => this.#enqueue(change),
      clock,
      random,
      logger,
      observer: observers.reflector,
    });
    const coverage = new ScanCoverageByAccount(() => clock.monotonicMs());
    const objects = (): readonly KubeObject[] => this.#reflector.cache.list();
    const counted = new CountedOrphans(() => this.#classes.orphansFreed());
    this.#classes = this.#openClasses(deps, objects, counted);
    const { directory } = this.#classes;
    const accountOf = (raw: KubeObject): string | undefined => directory.accountOf(raw);
    const claims = new ClaimsByAccount({ objects, accountOf, clusterId, rules: directory.claimRules });
    const cache = { get: (key: string) => this.#reflector.cache.get(key) };
    const listClasses = (signal: AbortSignal) => this.#classes.listLive(signal);
    const releases = new Releases();
    const reconciler = openReconciler(
      { ...deps, ...settings, objects: releases.noting(deps.objects), observer: observers.results },
      { coverage, claims, cache, classes: directory, listClasses },
    );
    this.#orphans = this.#openOrphans(deps, { releases, claims, directory, counted });
    this.#scans = new ScanSupervisor({
      accounts,
      classes: directory,
      objects,
      queue: this.#queue,
      coverage,
      claims,
      clusterId,
      clock,
      random,
      logger,
      settings,
      observerOf: observers.scans,
      orphans: this.#orphans,
      wake: (key) => this.#wake(key),
    });
    this.#workers = this.#openWorkers(deps, reconciler);
  }

  /** The keys that wait or are worked on. */
  get queue(): WorkQueue {
    return this.#queue;
  }

  /** The objects as last seen. */
  get cache(): ObjectCache {
    return this.#reflector.cache;
  }

  /** The classes as last seen. */
  get classes(): ObjectCache {
    return this.#classes.cache;
  }

  /** True once every object and every class was seen. */
  get hasSynced(): boolean {
    return this.#reflector.hasSynced && this.#classes.hasSynced;
  }

  /** Why objects are no longer seen, when only a person can mend that. */
  get watchFault(): string | undefined {
    return this.#reflector.fault ?? this.#classes.watchFault;
  }

  /**
   * Resolves when the cache holds every object; nothing is worked on before `work`. So a process that waits to become the
   * leader is warm.
   *
   * Errors: the last fault of the list when it does not come in time; the signal's reason when it aborts first. Either way
   * the watch goes on until `stop`.
   */
  async start(signal: AbortSignal): Promise<void> {
    const { syncTimeoutMs } = this.#settings;
    this.#reflector.start();
    await Promise.all([this.#reflector.whenSynced(syncTimeoutMs, signal), this.#classes.start(syncTimeoutMs, signal)]);
  }

  /** Lets the workers begin, with every object as it is now. Does nothing after `stop`. */
  work(): void {
    this.#isWorking = true;
    for (const object of this.#reflector.cache.list()) {
      this.#wake(keyText(object["metadata"] as ObjectKey), urgencyAtStart(object));
    }
    this.#scans.work();
    this.#classes.work();
    this.#workers.start();
  }

  /** Takes nothing new, lets running reconciles finish for up to `drainMs`; false when some had to be left behind. */
  async stop(drainMs: number): Promise<boolean> {
    const [drained, classesDrained] = await Promise.all([
      this.#workers.stop(drainMs),
      this.#classes.stop(drainMs),
      this.#scans.stop(),
      this.#orphans.stop(),
    ]);
    await this.#reflector.stop();
    return drained && classesDrained;
  }

  #openClasses(
    deps: ControllerDependencies,
    objects: () => readonly KubeObject[],
    orphans: CountedOrphans,
  ): ClassController {
    const { accounts, clusterId, clock, random, logger, events, newReconcileId, settings } = deps;
    return new ClassController({
      ...deps.classes,
      objects,
      orphans,
      clusterId,
      clock,
      random,
      logger,
      events,
      newReconcileId,
      onChange: () => this.#scans.classesChanged(),
      wake: (key) => this.#wake(key),
      verify: (of, signal) => accounts.verify(of, signal),
      boundaryOf: (of, signal) => boundaryOf(accounts, of, signal),
      requiresClass: settings.requiresClass ?? false,
    });
  }

  #openWorkers(
    { clock, logger, newReconcileId, settings, observers }: ControllerDependencies,
    reconciler: Reconciler,
  ): Workers {
    const { directory } = this.#classes;
    // An account that throttles, or does not answer, holds up its share of the workers and no more.
    const lanes = {
      laneOf: (key: string) => directory.accountOf(this.#reflector.cache.get(key) ?? {}) ?? "",
      size: () => Math.max(1, Math.floor(settings.concurrency / Math.max(1, directory.classes.accountIds.length))),
    };
    return new Workers({
      queue: new LanedQueue(this.#queue, lanes),
      reconcile: async (key, signal, { logger: runLogger, priority }) =>
        queueRequeue(await reconciler.reconcile(key, signal, { logger: runLogger, urgency: urgencyOf(priority) })),
      clock,
      logger,
      newReconcileId,
      fieldsOf: logFieldsOf,
      concurrency: settings.concurrency,
      observer: observers?.workers,
    });
  }

  #openOrphans(deps: ControllerDependencies, known: Omit<OrphanSources, "cache" | "accountOf">): Orphans {
    const { cache } = this.#reflector;
    return openOrphans(deps, { ...known, cache, accountOf: (raw) => this.#scans.accountOf(raw) });
  }

  #enqueue(change: ObjectChange): void {
    this.#classes.objectChanged(change);
    this.#scans.objectChanged(change);
    this.#orphans.objectChanged(change, this.#isWorking);
    switch (change.type) {
      case "added":
        this.#wake(keyText(change.new.metadata), change.isInInitialList ? urgencyAtStart(change.new) : "change");
        return;
      case "updated":
        if (shouldReconcile(change.old, change.new)) this.#wake(keyText(change.new.metadata));
        return;
      case "deleted":
        // The reconcile forgets what it remembers; what is left in AWS all the same is for `orphans`.
        this.#wake(keyText(change.old.metadata));
        return;
    }
  }

  /** What changes while another process works is that one's business: whether anything is left of it, `work` sees. */
  #wake(key: string, urgency: Urgency = "change"): void {
    if (this.#isWorking) this.#queue.add(key, { priority: priorityOf(urgency) });
  }
}
