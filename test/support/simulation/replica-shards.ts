import { type LedWork, runSharded } from "../../../src/cli/controller/run-elected.ts";
import type { Controller } from "../../../src/controller/controller.ts";
import type { ControllerShard } from "../../../src/controller/controller-settings.ts";
import type { Leadership } from "../../../src/controller/leader-guard.ts";
import { groupIdentity, ShardedController } from "../../../src/controller/shards/sharded-controller.ts";
import { DEFAULT_ELECTION_TIMINGS } from "../../../src/runtime/election/leader-election-options.ts";
import { ShardElections } from "../../../src/runtime/election/shard-elections.ts";
import type { ListWatch } from "../../../src/runtime/watch/list-watch.ts";
import type { Replica } from "./replica.ts";
import type { SimulatedServers } from "./simulated-servers.ts";

/** The watches of a process. */
export interface ReplicaWatches {
  readonly objects: readonly ListWatch[];
  readonly classes: ListWatch;
}

/** The id of the account of the controller's own credentials in the simulation. */
export const OWN_ACCOUNT_ID = "123456789012";

/** What a replica has for its shards, in the place of one controller. */
export class ReplicaShards {
  readonly #controller: ShardedController;
  readonly #elections: ShardElections;

  constructor(
    { machine: clock, logger, name, wire }: Pick<Replica, "machine" | "logger" | "name" | "wire">,
    servers: SimulatedServers,
    shards: number,
    watches: ReplicaWatches,
    open: (shard: ControllerShard, leadership: Leadership) => Controller,
  ) {
    const sharding = { shards, ownAccountId: OWN_ACCOUNT_ID };
    const common = { clock, logger, random: () => 0.5 };
    this.#controller = new ShardedController({
      ...common,
      sharding,
      listWatches: watches.objects,
      classListWatch: watches.classes,
      syncTimeoutMs: 120_000,
      openShard: (_, shard, leadership) => ({ controller: open(shard, leadership), close: () => {} }),
    });
    this.#elections = new ShardElections({
      ...common,
      shards,
      identity: `pod_${name}_all`,
      groupLease: servers.lease.lockOver(wire),
      groupIdentity: groupIdentity(sharding, "all", DEFAULT_ELECTION_TIMINGS.leaseDurationMs),
      lockOf: (shard) => servers.shardLease(shard).lockOver(wire),
      annotationPrefix: "replica-",
      timings: DEFAULT_ELECTION_TIMINGS,
      observerOf: () => ({}),
      drainMs: 30_000,
      open: (shard, leadership) => this.#controller.open(shard, leadership),
    });
  }

  start(signal: AbortSignal): Promise<void> {
    return this.#controller.start(signal);
  }

  run(): LedWork {
    return runSharded(this.#controller, this.#elections);
  }

  mayWrite(): boolean {
    return this.#elections.mayWriteAll();
  }

  get held(): readonly number[] {
    return this.#elections.held;
  }
}
