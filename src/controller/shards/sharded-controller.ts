import { createHash } from "node:crypto";
import { NotLeadingError } from "../../runtime/election/leader-election-options.ts";
import type { ShardLeadership, ShardWork } from "../../runtime/election/shard-tenure.ts";
import type { ListWatch } from "../../runtime/watch/list-watch.ts";
import { Reflector } from "../../runtime/watch/reflector.ts";
import { ReflectorGroup, SharedWatch } from "../../runtime/watch/reflector-group.ts";
import type { ReflectorOptions } from "../../runtime/watch/reflector-options.ts";
import type { ObjectCache } from "../../runtime/watch/store.ts";
import { OWN_ACCOUNT } from "../classes/class-binding.ts";
import { CLASS_INDEXERS } from "../classes/objects-by-class.ts";
import type { Controller } from "../controller.ts";
import type { ControllerShard } from "../controller-settings.ts";

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

/** How the AWS accounts are divided into shards. All replicas of a group must agree on it. */
export interface Sharding {
  /** The number of shards. */
  readonly shards: number;
  /** The account of the controller's own credentials. */
  readonly ownAccountId: string;
}

/**
 * The shard of an account, by its key. What has no valid account belongs to the shard of the controller's own account: objects that need a
 * class and have none, and invalid classes.
 */
export function shardOfAccount(accountKey: string | undefined, { shards, ownAccountId }: Sharding): number {
  const accountId = accountKey === undefined || accountKey === OWN_ACCOUNT ? ownAccountId : accountKey;
  return createHash("sha256").update(accountId).digest().readUInt32BE() % shards;
}

/**
 * What the replicas of a group must agree on, as the holder of their common Lease. `scopeId` is the third part, as in every holder. The lease
 * duration, because each of them writes it, and the others rely on it when they stop renewing.
 */
export function groupIdentity({ shards, ownAccountId }: Sharding, scopeId: string, leaseDurationMs: number): string {
  return `${shards}-shards_${ownAccountId}_${scopeId}_${leaseDurationMs / 1_000}s`;
}
