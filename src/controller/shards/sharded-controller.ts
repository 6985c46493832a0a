import { NotLeadingError } from "../../runtime/election/leader-election-options.ts";
import type { ShardLeadership, ShardWork } from "../../runtime/election/shard-tenure.ts";
import type { ListWatch } from "../../runtime/watch/list-watch.ts";
import { Reflector } from "../../runtime/watch/reflector.ts";
import { ReflectorGroup, SharedWatch } from "../../runtime/watch/reflector-group.ts";
import type { ReflectorOptions } from "../../runtime/watch/reflector-options.ts";
import type { ObjectCache } from "../../runtime/watch/store.ts";
import { CLASS_INDEXERS } from "../classes/objects-by-class.ts";
import type { Controller } from "../controller.ts";
import type { ControllerShard } from "../controller-settings.ts";
import { type Sharding, shardOfAccount } from "./shard-of-account.ts";

/** The controller of one shard, and what it was opened with. */
export interface OpenShard {
  readonly controller: Pick<Controller, "start" | "work" | "stop">;
  /** Closes the connections of the shard. */
  readonly close: () => void;
}

/** The dependencies of {@link ShardedController}. */
export interface ShardedControllerOptions extends Pick<ReflectorOptions, "clock" | "random" | "logger" | "observer"> {
  readonly sharding: Sharding;
  /** See ControllerDependencies. */
  readonly listWatches: readonly ListWatch[];
  readonly classListWatch: ListWatch;
  readonly syncTimeoutMs: number;
  /** Creates the controller of a shard, which writes only under this leadership. */
  readonly openShard: (index: number, shard: ControllerShard, leadership: ShardLeadership) => OpenShard;
}

/** Returns the check before each write to AWS: the process holds the shard, and the account, by its key, is of the shard. */
export function shardGuard(
  { hasAccount }: Pick<ControllerShard, "hasAccount">,
  leadership: ShardLeadership,
): (accountKey: string) => void {
  return (accountKey) => {
    leadership.assertLeading();
    if (!hasAccount(accountKey)) throw new NotLeadingError(`of the shard of account ${accountKey}`);
  };
}

/**
 * The controllers of the shards that this process holds, over one watch of all objects and one of all classes. Each tenure of a shard has a
 * controller of its own, which remembers nothing of an earlier one, as a process that has just become the leader.
 */
export class ShardedController {
  readonly #options: ShardedControllerOptions;
  readonly #objects: SharedWatch;
  readonly #classes: SharedWatch;

  constructor(options: ShardedControllerOptions) {
    this.#options = options;
    const { listWatches, classListWatch: listWatch, clock, random, logger, observer } = options;
    const shared = { clock, random, logger };
    this.#objects = new SharedWatch(
      (onChange) =>
        new ReflectorGroup({
          ...shared,
          kind: "InstanceProfile",
          indexers: CLASS_INDEXERS,
          listWatches,
          onChange,
          observer,
        }),
    );
    this.#classes = new SharedWatch(
      (onChange) => new Reflector({ ...shared, kind: "InstanceProfileClass", listWatch, onChange }),
    );
  }

  /** The objects in the cache, of all shards. */
  get cache(): ObjectCache {
    return this.#objects.watch.cache;
  }

  /** The classes in the cache, of all shards. */
  get classes(): ObjectCache {
    return this.#classes.watch.cache;
  }

  /** True once every object and every class is in the cache. */
  get hasSynced(): boolean {
    return this.#watches.every(({ hasSynced }) => hasSynced);
  }

  /** Why a watch is broken, when that needs manual intervention. */
  get watchFault(): string | undefined {
    return this.#watches.find(({ fault }) => fault !== undefined)?.fault;
  }

  /** Starts the watches, and resolves when the cache is filled. Errors: as those of Controller.start. */
  async start(signal: AbortSignal): Promise<void> {
    for (const watch of this.#watches) watch.start();
    await Promise.all(this.#watches.map((watch) => watch.whenSynced(this.#options.syncTimeoutMs, signal)));
  }

  /** Opens the work of a shard that this process holds now. */
  open(index: number, leadership: ShardLeadership): ShardWork {
    const { openShard, sharding } = this.#options;
    const hasAccount = (key: string | undefined): boolean => shardOfAccount(key, sharding) === index;
    const shard = { hasAccount, objects: this.#objects, classes: this.#classes };
    const { controller, close } = openShard(index, shard, leadership);
    const stopping = new AbortController();
    return {
      work() {
        // The caches are filled already.
        const started = controller.start(stopping.signal);
        void started
          .then(() => (stopping.signal.aborted ? undefined : controller.work()))
          .catch((error: unknown) => {
            if (!stopping.signal.aborted) throw error;
          });
      },
      async stop(drainMs) {
        stopping.abort(new Error("The shard is given up"));
        const drained = await controller.stop(drainMs);
        close();
        return drained;
      },
    };
  }

  /** Stops the watches. */
  async stop(): Promise<void> {
    await Promise.all(this.#watches.map((watch) => watch.stop()));
  }

  get #watches() {
    return [this.#objects.watch, this.#classes.watch];
  }
}
