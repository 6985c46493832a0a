import type { Condition } from "../../api/instance-profile.ts";
import type { InstanceProfileClass } from "../../api/instance-profile-class.ts";
import type { EventSink, KubeObject, ObjectClient } from "../../engine/ports.ts";
import type { OwnContext } from "../../plan/class/class-bounds.ts";
import type { DefaultDeletionPolicy } from "../../plan/class/class-deletion.ts";
import type { Clock } from "../../runtime/clock.ts";
import { KeyedBackoff } from "../../runtime/queue/backoff.ts";
import { WorkQueue } from "../../runtime/queue/work-queue.ts";
import { Workers } from "../../runtime/queue/workers.ts";
import { SnapshotReader } from "../../runtime/watch/list-snapshot.ts";
import type { ListWatch } from "../../runtime/watch/list-watch.ts";
import { Reflector } from "../../runtime/watch/reflector.ts";
import type { ObjectWatch, SharedWatch } from "../../runtime/watch/reflector-group.ts";
import type { ObjectCache, ObjectChange } from "../../runtime/watch/store.ts";
import { COMPLIANT } from "../../status/compliance.ts";
import { findCondition } from "../../status/conditions.ts";
import type { Logger } from "../../telemetry.ts";
import { keyText } from "../object-key.ts";
import type { CountedOrphans } from "../orphans/counted-orphans.ts";
import type { Urgency } from "../urgency.ts";
import { shouldReconcile } from "../watch-predicates.ts";
import type { BoundaryOf } from "./class-boundaries.ts";
import { ClassReconciler } from "./class-reconciler.ts";
import { ClassResolver } from "./class-resolver.ts";
import type { ClassTenure } from "./class-tenure.ts";
import type { ObjectsByClass } from "./objects-by-class.ts";

/** The dependencies of {@link ClassController}. */
export interface ClassesOptions {
  readonly listWatch: ListWatch;
  readonly client: ObjectClient;
  /** The InstanceProfiles in the cache. */
  readonly objects: ObjectsByClass;
  /** Called when a class was added, deleted or changed. */
  readonly onChange: () => void;
  /** Enqueues an InstanceProfile by its key. */
  readonly enqueue: (key: string, urgency: Urgency) => void;
  /** See AccountRegistry.verify. */
  readonly verify: (of: InstanceProfileClass, signal: AbortSignal) => Promise<unknown>;
  /** See {@link ClassReconciler}. */
  readonly boundaryOf: BoundaryOf;
  readonly events: EventSink;
  readonly clusterId: string;
  /** See {@link ClassResolver}. */
  readonly requiresClass: boolean;
  /** See {@link ClassResolver}. */
  readonly allowsExternalRoles?: boolean | undefined;
  /** See {@link ClassResolver}. */
  readonly defaultDeletionPolicy?: DefaultDeletionPolicy | undefined;
  /** See {@link ClassResolver}. */
  readonly isDryRun?: boolean | undefined;
  /** See {@link ClassResolver}. */
  readonly own: () => OwnContext;
  /** What deleted objects have left in AWS. */
  readonly orphans: Pick<CountedOrphans, "of">;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  readonly newReconcileId: () => string;
  readonly tenure: ClassTenure;
  /** True for an account whose classes this controller reports, by its id; undefined stands for a class without a valid account. Default: all. */
  readonly hasAccount?: ((accountId: string | undefined) => boolean) | undefined;
  /** A watch that other controllers share; unset: one of its own. */
  readonly shared?: SharedWatch | undefined;
}

/** The delay before the counts of a class are updated, so that a burst of changed objects causes one write. */
const COUNT_AFTER_MS = 2_000;
/** The maximum age of a list of classes from the API server. */
const LIVE_FOR_MS = 1_000;

/**
 * Watches InstanceProfileClasses: enqueues the objects of a changed class, and reports in its status how it is used.
 */
export class ClassController {
  readonly resolver: ClassResolver;
  readonly #options: ClassesOptions;
  readonly #reflector: ObjectWatch;
  readonly #queue: WorkQueue;
  readonly #workers: Workers;
  readonly #snapshots: SnapshotReader;
  #live: { readonly items: readonly KubeObject[]; readonly atMs: number } | undefined;

  constructor(options: ClassesOptions) {
    const { clock, random, logger, newReconcileId, clusterId, objects, requiresClass } = options;
    this.#options = options;
    this.#snapshots = new SnapshotReader(options.listWatch, clock);
    this.#queue = new WorkQueue({ clock, backoff: new KeyedBackoff(random) });
    const { listWatch } = options;
    const onChange = (change: ObjectChange): void => this.#classChanged(change);
    this.#reflector =
      options.shared?.subscribe(onChange) ??
      new Reflector({ kind: "InstanceProfileClass", listWatch, onChange, clock, random, logger });
    this.resolver = new ClassResolver({
      classes: () => this.cache.list(),
      classNamed: (name) => this.cache.get(name),
      objects,
      clusterId,
      requiresClass,
      allowsExternalRoles: options.allowsExternalRoles,
      defaultDeletionPolicy: options.defaultDeletionPolicy,
      isDryRun: options.isDryRun,
      monotonicMs: () => clock.monotonicMs(),
      orphans: options.orphans,
      own: options.own,
    });
    const reconciler = new ClassReconciler({
      client: options.client,
      cache: { get: (name) => this.cache.get(name) },
      objectsOf: (className) => this.#objectsOf(className),
      verify: options.verify,
      boundaryOf: options.boundaryOf,
      events: options.events,
      enqueueObjects: (className) => this.#enqueueObjects(className),
      nowMs: () => clock.nowMs(),
      tenure: options.tenure,
    });
    this.#workers = new Workers({
      queue: this.#queue,
      reconcile: async (name, signal, run) =>
        this.#isReported(name) ? reconciler.reconcile(name, signal, run) : { kind: "done" },
      clock,
      logger: logger.with({ controllerKind: "InstanceProfileClass" }),
      newReconcileId,
      concurrency: 2,
    });
  }

  /** The classes in the cache. */
  get cache(): ObjectCache {
    return this.#reflector.cache;
  }

  /** True once every class is in the cache. Before that, no object may be reconciled. */
  get hasSynced(): boolean {
    return this.#reflector.hasSynced;
  }

  /** Why the watch of classes is broken, when that needs manual intervention. */
  get watchFault(): string | undefined {
    return this.#reflector.fault;
  }

  /**
   * Lists the classes from the API server. The result is cached for {@link LIVE_FOR_MS}, so that late writes of many
   * objects share one request.
   *
   * Errors: those of the list.
   */
  async listLive(signal: AbortSignal): Promise<readonly KubeObject[]> {
    const nowMs = this.#options.clock.monotonicMs();
    const known = this.#live;
    if (known !== undefined && nowMs - known.atMs < LIVE_FOR_MS) return known.items;
    const { items } = await this.#snapshots.take(signal);
    this.#live = { items, atMs: nowMs };
    return items;
  }

  /** Starts the watch, and resolves when every class is in the cache. Errors: as Reflector.whenSynced. */
  async start(timeoutMs: number, signal: AbortSignal): Promise<void> {
    this.#reflector.start();
    await this.#reflector.whenSynced(timeoutMs, signal);
  }

  /** Starts the workers that write status. */
  work(): void {
    this.#workers.start();
  }

  async stop(drainMs: number): Promise<boolean> {
    const drained = await this.#workers.stop(drainMs);
    await this.#reflector.stop();
    return drained;
  }

  /**
   * An InstanceProfile was added, deleted or changed: updates the counts of its class, and enqueues objects that wait
   * for its place.
   */
  objectChanged(change: ObjectChange): void {
    const object = change.type === "deleted" ? change.old : change.new;
    this.resolver.acceptances.observed(object, change.type === "deleted");
    const className = this.resolver.classNameOf(object);
    if (className === undefined) return;
    this.#queue.addAfter(className, COUNT_AFTER_MS);
    if (change.type === "deleted") this.#enqueueOverLimit(this.#objectsOf(className));
  }

  /** An orphan no longer exists: enqueues the objects that wait for its place. */
  orphansFreed(): void {
    this.#enqueueOverLimit(this.#options.objects.all());
  }

  /** True for a class that no longer exists, too. */
  #isReported(name: string): boolean {
    const { hasAccount } = this.#options;
    const parsed = this.resolver.classes.named(name);
    if (hasAccount === undefined || parsed === undefined) return true;
    return hasAccount("fault" in parsed ? undefined : parsed.class.spec.account.id);
  }

  #enqueueOverLimit(objects: readonly KubeObject[]): void {
    for (const object of objects)
      if (violationOf(object) === "TooManyObjects") this.#options.enqueue(keyOf(object), "creation");
  }

  #classChanged(change: ObjectChange): void {
    const { name } = (change.type === "deleted" ? change.old : change.new).metadata;
    this.#queue.add(name);
    if (change.type === "updated" && !affectsObjects(change.old, change.new)) return;
    this.#options.onChange();
    // At startup every object is reconciled anyway.
    if (change.type === "added" && change.isInInitialList) return;
    const { objects } = this.#options;
    for (const object of [...objects.naming(undefined), ...objects.naming(name)])
      this.#options.enqueue(keyOf(object), "class");
  }

  #enqueueObjects(className: string): void {
    for (const object of this.#objectsOf(className)) this.#options.enqueue(keyOf(object), "class");
  }

  #objectsOf(className: string): readonly KubeObject[] {
    const { objects } = this.#options;
    const unnamed = this.resolver.defaultClassName === className ? objects.naming(undefined) : [];
    return [...objects.naming(className), ...unnamed];
  }
}

/** True when the spec, the annotations or the deletion differ; the controller's own status writes do not count. */
function affectsObjects(old: KubeObject, fresh: KubeObject): boolean {
  return shouldReconcile(old, fresh) || JSON.stringify(annotationsOf(old)) !== JSON.stringify(annotationsOf(fresh));
}

function annotationsOf(object: KubeObject): unknown {
  return (object["metadata"] as { readonly annotations?: unknown }).annotations;
}

function keyOf(object: KubeObject): string {
  return keyText(object["metadata"] as { readonly namespace: string; readonly name: string });
}

function violationOf(object: KubeObject): string | undefined {
  const { conditions } = (object["status"] ?? {}) as { readonly conditions?: readonly Condition[] };
  return findCondition(conditions, COMPLIANT)?.reason;
}
