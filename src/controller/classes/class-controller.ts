import type { Condition } from "../../api/instance-profile.ts";
import type { InstanceProfileClass } from "../../api/instance-profile-class.ts";
import type { EventSink, KubeObject, ObjectClient } from "../../engine/ports.ts";
import type { Clock } from "../../runtime/clock.ts";
import { KeyedBackoff } from "../../runtime/queue/backoff.ts";
import { WorkQueue } from "../../runtime/queue/work-queue.ts";
import { Workers } from "../../runtime/queue/workers.ts";
import { SnapshotReader } from "../../runtime/watch/list-snapshot.ts";
import type { ListWatch } from "../../runtime/watch/list-watch.ts";
import { Reflector } from "../../runtime/watch/reflector.ts";
import type { ObjectCache, ObjectChange } from "../../runtime/watch/store.ts";
import { COMPLIANT } from "../../status/compliance.ts";
import { findCondition } from "../../status/conditions.ts";
import type { Logger } from "../../telemetry.ts";
import { keyText } from "../object-key.ts";
import type { CountedOrphans } from "../orphans/counted-orphans.ts";
import { shouldReconcile } from "../watch-predicates.ts";
import type { BoundaryOf } from "./class-boundaries.ts";
import { ClassReconciler } from "./class-reconciler.ts";
import { ClassResolver } from "./class-resolver.ts";

/** What the classes are made of. */
export interface ClassesOptions {
  readonly listWatch: ListWatch;
  readonly client: ObjectClient;
  /** The InstanceProfiles as last seen. */
  readonly objects: () => readonly KubeObject[];
  /** Hears that a class has come, gone or changed. */
  readonly onChange: () => void;
  /** Has an InstanceProfile looked at, by its key. */
  readonly wake: (key: string) => void;
  /** See AccountRegistry. */
  readonly verify: (of: InstanceProfileClass, signal: AbortSignal) => Promise<unknown>;
  /** See {@link ClassReconciler}. */
  readonly boundaryOf: BoundaryOf;
  readonly events: EventSink;
  readonly clusterId: string;
  /** See {@link ClassResolver}. */
  readonly requiresClass: boolean;
  /** What objects that are gone have left in AWS. */
  readonly orphans: Pick<CountedOrphans, "of">;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  readonly newReconcileId: () => string;
}

/** A class's counts follow its objects after so long: a burst of them is one write. */
const COUNT_AFTER_MS = 2_000;
/** A list of classes from the API server is good for so long. */
const LIVE_FOR_MS = 1_000;

/** Watches InstanceProfileClasses: wakes the objects of a class that has changed, and tells in its status how it is used. */
export class ClassController {
  readonly directory: ClassResolver;
  readonly #options: ClassesOptions;
  readonly #reflector: Reflector;
  readonly #queue: WorkQueue;
  readonly #workers: Workers;
  readonly #snapshots: SnapshotReader;
  #live: { readonly items: readonly KubeObject[]; readonly atMs: number } | undefined;

  constructor(options: ClassesOptions) {
    const { clock, random, logger, newReconcileId, clusterId, objects, requiresClass } = options;
    this.#options = options;
    this.#snapshots = new SnapshotReader(options.listWatch, clock);
    this.#queue = new WorkQueue({ clock, backoff: new KeyedBackoff(random) });
    this.#reflector = new Reflector({
      kind: "InstanceProfileClass",
      listWatch: options.listWatch,
      onChange: (change) => this.#classChanged(change),
      clock,
      random,
      logger,
    });
    this.directory = new ClassResolver({
      classes: () => this.cache.list(),
      objects,
      clusterId,
      requiresClass,
      monotonicMs: () => clock.monotonicMs(),
      orphans: options.orphans,
    });
    const reconciler = new ClassReconciler({
      client: options.client,
      cache: { get: (name) => this.cache.get(name) },
      objectsOf: (className) => this.#objectsOf(className),
      verify: options.verify,
      boundaryOf: options.boundaryOf,
      events: options.events,
      wakeObjects: (className) => this.#wakeObjects(className),
      nowMs: () => clock.nowMs(),
    });
    this.#workers = new Workers({
      queue: this.#queue,
      reconcile: (name, signal, run) => reconciler.reconcile(name, signal, run),
      clock,
      logger: logger.with({ controllerKind: "InstanceProfileClass" }),
      newReconcileId,
      concurrency: 2,
    });
  }

  /** The classes as last seen. */
  get cache(): ObjectCache {
    return this.#reflector.cache;
  }

  /** True once every class was seen. Before that no object may be judged. */
  get hasSynced(): boolean {
    return this.#reflector.hasSynced;
  }

  /** Why classes are no longer seen, when only a person can mend that. */
  get watchFault(): string | undefined {
    return this.#reflector.fault;
  }

  /**
   * The classes as the API server has them now, at most {@link LIVE_FOR_MS} old: so that the late writes of many objects cost one list.
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

  /** Resolves when every class was seen. Errors: as Reflector.whenSynced. */
  async start(timeoutMs: number, signal: AbortSignal): Promise<void> {
    this.#reflector.start();
    await this.#reflector.whenSynced(timeoutMs, signal);
  }

  /** Lets the writing of status begin. */
  work(): void {
    this.#workers.start();
  }

  async stop(drainMs: number): Promise<boolean> {
    const drained = await this.#workers.stop(drainMs);
    await this.#reflector.stop();
    return drained;
  }

  /** An InstanceProfile came, went or changed: its class counts anew, and its place may be free for a neighbour. */
  objectChanged(change: ObjectChange): void {
    const object = change.type === "deleted" ? change.old : change.new;
    this.directory.acceptances.observed(object, change.type === "deleted");
    const className = this.directory.classNameOf(object);
    if (className === undefined) return;
    this.#queue.addAfter(className, COUNT_AFTER_MS);
    if (change.type === "deleted") this.#wakeWaiting(this.#objectsOf(className));
  }

  /** What an object had left in AWS is gone: its place may be free. */
  orphansFreed(): void {
    this.#wakeWaiting(this.#options.objects());
  }

  #wakeWaiting(objects: readonly KubeObject[]): void {
    for (const object of objects) if (violationOf(object) === "TooManyObjects") this.#options.wake(keyOf(object));
  }

  #classChanged(change: ObjectChange): void {
    const { name } = (change.type === "deleted" ? change.old : change.new).metadata;
    this.#queue.add(name);
    if (change.type === "updated" && !asksForMore(change.old, change.new)) return;
    this.#options.onChange();
    // At the start every object is looked at anyway.
    if (change.type === "added" && change.isInInitialList) return;
    for (const object of this.#options.objects()) {
      const { className } = (object["spec"] ?? {}) as { readonly className?: string };
      if (className === undefined || className === name) this.#options.wake(keyOf(object));
    }
  }

  #wakeObjects(className: string): void {
    for (const object of this.#objectsOf(className)) this.#options.wake(keyOf(object));
  }

  #objectsOf(className: string): readonly KubeObject[] {
    return this.#options.objects().filter((object) => this.directory.classNameOf(object) === className);
  }
}

/** Another spec, another default, or a deletion; our own status is none of them. */
function asksForMore(old: KubeObject, fresh: KubeObject): boolean {
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
