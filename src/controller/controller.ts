import type { ConvergeDependencies } from "../engine/converge.ts";
import type { EventSink, IamReader, IamWriter, KubeObject, ObjectClient } from "../engine/ports.ts";
import { Settling } from "../engine/settling.ts";
import { KeyedBackoff } from "../runtime/backoff.ts";
import type { Clock } from "../runtime/clock.ts";
import type { ListWatch } from "../runtime/list-watch.ts";
import { Reflector } from "../runtime/reflector.ts";
import type { ObjectChange } from "../runtime/store.ts";
import { WorkQueue } from "../runtime/work-queue.ts";
import { Workers } from "../runtime/workers.ts";
import type { Patience } from "../status/requeue.ts";
import type { Logger } from "../telemetry.ts";
import { keyText } from "./object-key.ts";
import { OwnWrites } from "./own-writes.ts";
import { Publisher } from "./publisher.ts";
import { Reconciler } from "./reconciler.ts";
import { wakes } from "./wakes.ts";

/** Everything a controller needs from outside; the composition root makes it. */
export interface ControllerDependencies {
  readonly listWatch: ListWatch;
  readonly objects: ObjectClient;
  readonly events: EventSink;
  readonly reader: IamReader;
  readonly writer: IamWriter;
  readonly clusterId: string;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly newReconcileId: () => string;
  readonly logger: Logger;
  readonly settings: ControllerSettings;
}

/** What an operator may choose. */
export interface ControllerSettings {
  /** Objects worked on at once. */
  readonly concurrency: number;
  readonly patience: Patience;
  readonly settleWindowMs: number;
  /** How long to wait for the first list before giving up. */
  readonly syncTimeoutMs: number;
}

/** After a restart what a person has just changed goes before what is merely listed. */
const RESYNC_PRIORITY = -100;

/**
 * Watches InstanceProfiles and keeps AWS in step with them: the reflector fills the queue, the workers empty it.
 */
export class Controller {
  readonly #queue: WorkQueue;
  readonly #reflector: Reflector;
  readonly #workers: Workers;
  readonly #settings: ControllerSettings;

  constructor(deps: ControllerDependencies) {
    const { clock, random, logger, settings } = deps;
    this.#settings = settings;
    this.#queue = new WorkQueue({ clock, backoff: new KeyedBackoff(random) });
    this.#reflector = new Reflector({
      kind: "InstanceProfile",
      listWatch: deps.listWatch,
      onChange: (change) => this.#enqueue(change),
      clock,
      random,
      logger,
    });
    const reconciler = reconcilerOf(deps, { get: (key) => this.#reflector.cache.get(key) });
    this.#workers = new Workers({
      queue: this.#queue,
      reconcile: (key, signal, run) => reconciler.reconcile(key, signal, run),
      clock,
      logger,
      newReconcileId: deps.newReconcileId,
      concurrency: settings.concurrency,
    });
  }

  /**
   * Resolves when the cache holds every object and the workers are at it.
   *
   * Errors: the last fault of the list when it does not come in time.
   */
  async start(): Promise<void> {
    this.#reflector.start();
    await this.#reflector.whenSynced(this.#settings.syncTimeoutMs);
    this.#workers.start();
  }

  /** Takes nothing new, lets running reconciles finish for up to `drainMs`; false when some had to be left behind. */
  async stop(drainMs: number): Promise<boolean> {
    const drained = await this.#workers.stop(drainMs);
    await this.#reflector.stop();
    return drained;
  }

  #enqueue(change: ObjectChange): void {
    switch (change.type) {
      case "added":
        this.#queue.add(keyText(change.new.metadata), change.isInInitialList ? { priority: RESYNC_PRIORITY } : {});
        return;
      case "updated":
        if (wakes(change.old, change.new)) this.#queue.add(keyText(change.new.metadata));
        return;
      case "deleted":
        // Our finalizer held it until AWS was clean, or it never had any: the run forgets what it remembers.
        this.#queue.add(keyText(change.old.metadata));
        return;
    }
  }
}

function reconcilerOf(
  deps: ControllerDependencies,
  cache: { readonly get: (key: string) => KubeObject | undefined },
): Reconciler {
  const { objects, events, clock, random, settings } = deps;
  const ownWrites = new OwnWrites();
  const settling = new Settling({ windowMs: settings.settleWindowMs, monotonicMs: () => clock.monotonicMs() });
  const aws: Omit<ConvergeDependencies, "confirmCurrent"> = { reader: deps.reader, writer: deps.writer, settling };
  const { patience } = settings;
  const publisher = new Publisher({ objects, events, ownWrites, patience, nowMs: () => clock.nowMs(), random });
  return new Reconciler({ objects, cache, ownWrites, aws, publisher, clusterId: deps.clusterId });
}
