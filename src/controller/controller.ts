import type { AwsAccount } from "../engine/aws-account.ts";
import type { EventSink, KubeObject, ObjectClient } from "../engine/ports.ts";
import { KeyedBackoff } from "../runtime/backoff.ts";
import type { Clock } from "../runtime/clock.ts";
import type { ListWatch } from "../runtime/list-watch.ts";
import { Reflector } from "../runtime/reflector.ts";
import type { ReflectorObserver } from "../runtime/reflector-options.ts";
import type { ObjectCache, ObjectChange } from "../runtime/store.ts";
import { type QueueObserver, WorkQueue } from "../runtime/work-queue.ts";
import { type WorkerObserver, Workers } from "../runtime/workers.ts";
import { type Patience, ROUTINE_PRIORITY } from "../status/requeue.ts";
import type { Logger } from "../telemetry.ts";
import { keyText, logFieldsOf } from "./object-key.ts";
import { OwnWrites } from "./own-writes.ts";
import { ProfileRounds, type ProfileRoundsOptions } from "./profile-rounds.ts";
import { type OutcomeObserver, Publisher } from "./publisher.ts";
import { Reconciler } from "./reconciler.ts";
import { Sightings } from "./sightings.ts";
import { Sweeper, type SweepObserver } from "./sweeper.ts";
import { firstPriority, wakes } from "./wakes.ts";

/** Everything a controller needs from outside; the composition root makes it. */
export interface ControllerDependencies {
  readonly listWatch: ListWatch;
  readonly objects: ObjectClient;
  readonly events: EventSink;
  readonly aws: AwsAccount;
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
  readonly outcomes?: OutcomeObserver;
  readonly sweeps?: SweepObserver;
}

/** What an operator may choose. */
export interface ControllerSettings {
  /** Objects worked on at once. */
  readonly concurrency: number;
  readonly patience: Patience;
  readonly settleWindowMs: number;
  /** Between two looks at the whole account. */
  readonly sweepIntervalMs: number;
  /** How long to wait for the first list before giving up. */
  readonly syncTimeoutMs: number;
}

/**
 * Watches InstanceProfiles and keeps AWS in step with them: the reflector fills the queue, the workers empty it.
 */
export class Controller {
  readonly #queue: WorkQueue;
  readonly #reflector: Reflector;
  readonly #workers: Workers;
  /** Undefined where the account cannot be read as a whole. */
  readonly #sweeper: Sweeper | undefined;
  readonly #profileRounds: ProfileRounds;
  readonly #settings: ControllerSettings;

  constructor(deps: ControllerDependencies) {
    const { clock, random, logger, settings, observers = {} } = deps;
    this.#settings = settings;
    this.#queue = new WorkQueue({ clock, backoff: new KeyedBackoff(random), ...optional("observer", observers.queue) });
    this.#reflector = new Reflector({
      kind: "InstanceProfile",
      listWatch: deps.listWatch,
      onChange: (change) => this.#enqueue(change),
      clock,
      random,
      logger,
      ...optional("observer", observers.reflector),
    });
    const sightings = new Sightings(() => clock.monotonicMs());
    const reconciler = reconcilerOf(deps, sightings, { get: (key) => this.#reflector.cache.get(key) });
    const objects = (): readonly KubeObject[] => this.#reflector.cache.list();
    const { aws: account, clusterId } = deps;
    const shared = { account, objects, queue: this.#queue, sightings, clusterId, clock, logger };
    this.#profileRounds = new ProfileRounds(shared);
    this.#sweeper = sweeperOf(shared, deps);
    this.#workers = new Workers({
      queue: this.#queue,
      reconcile: (key, signal, { logger: runLogger, priority }) =>
        reconciler.reconcile(key, signal, {
          logger: runLogger,
          urgency: priority <= ROUTINE_PRIORITY ? "routine" : "change",
        }),
      clock,
      logger,
      newReconcileId: deps.newReconcileId,
      fieldsOf: logFieldsOf,
      concurrency: settings.concurrency,
      ...optional("observer", observers.workers),
    });
  }

  /** The keys that wait or are worked on. */
  get queue(): WorkQueue {
    return this.#queue;
  }

  /** The objects as last seen. */
  get cache(): ObjectCache {
    return this.#reflector.cache;
  }

  /** True once every object was seen. */
  get hasSynced(): boolean {
    return this.#reflector.hasSynced;
  }

  /** Why objects are no longer seen, when only a person can mend that. */
  get watchFault(): string | undefined {
    return this.#reflector.fault;
  }

  /**
   * Resolves when the cache holds every object; from then on the queue fills, and nothing is worked on before `work`. So a
   * process that waits to become the leader is warm.
   *
   * Errors: the last fault of the list when it does not come in time; the signal's reason when it aborts first. Either way
   * the watch goes on until `stop`.
   */
  async start(signal: AbortSignal): Promise<void> {
    this.#reflector.start();
    await this.#reflector.whenSynced(this.#settings.syncTimeoutMs, signal);
  }

  /** Lets the workers begin. Does nothing after `stop`. */
  work(): void {
    this.#sweeper?.start();
    this.#profileRounds.start();
    this.#workers.start();
  }

  /** Takes nothing new, lets running reconciles finish for up to `drainMs`; false when some had to be left behind. */
  async stop(drainMs: number): Promise<boolean> {
    const [drained] = await Promise.all([
      this.#workers.stop(drainMs),
      this.#sweeper?.stop(),
      this.#profileRounds.stop(),
    ]);
    await this.#reflector.stop();
    return drained;
  }

  #enqueue(change: ObjectChange): void {
    switch (change.type) {
      case "added":
        this.#queue.add(keyText(change.new.metadata), {
          priority: change.isInInitialList ? firstPriority(change.new) : 0,
        });
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

function sweeperOf(
  shared: ProfileRoundsOptions,
  { random, settings, observers }: ControllerDependencies,
): Sweeper | undefined {
  const { reader } = shared.account;
  if (reader === undefined) return undefined;
  const { sweepIntervalMs: intervalMs, patience } = settings;
  return new Sweeper({ ...shared, reader, random, intervalMs, patience, observer: observers?.sweeps });
}

function reconcilerOf(
  deps: ControllerDependencies,
  sightings: Sightings,
  cache: { readonly get: (key: string) => KubeObject | undefined },
): Reconciler {
  const { objects, events, clock, random, settings } = deps;
  const ownWrites = new OwnWrites(() => clock.monotonicMs());
  const { patience } = settings;
  const publisher = new Publisher({
    objects,
    events,
    ownWrites,
    patience,
    nowMs: () => clock.nowMs(),
    random,
    ...optional("observer", deps.observers?.outcomes),
  });
  return new Reconciler({ objects, cache, ownWrites, aws: deps.aws, sightings, publisher, clusterId: deps.clusterId });
}

/** A field that is left out rather than undefined, as exact optional properties ask. */
function optional<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]: V });
}
