import { OWN_ACCOUNT } from "../../controller/classes/class-binding.ts";
import type { Controller } from "../../controller/controller.ts";
import { ShardedController, type Sharding, shardGuard } from "../../controller/shards/sharded-controller.ts";
import { systemClock } from "../../runtime/clock.ts";
import type { LeaderElector } from "../../runtime/election/leader-election.ts";
import { NotLeadingError } from "../../runtime/election/leader-election-options.ts";
import type { WorkQueue } from "../../runtime/queue/work-queue.ts";
import { classListWatch } from "./class-ports.ts";
import { type ElectionParts, type ElectionSettings, openElection, openShardElections } from "./election.ts";
import { type OpenAccounts, openAccounts } from "./open-accounts.ts";
import {
  type ControllerProcessOptions,
  controllerLogger,
  controllerObservers,
  FIELD_MANAGER,
  objectWatches,
  openController,
  type ProcessParts,
} from "./open-controller.ts";
import { type LedWork, runElected, runSharded, workAlone } from "./run-elected.ts";

/** The controller of a process, or those of its shards, and their election. */
export interface ProcessController {
  readonly view: Pick<Controller, "hasSynced" | "watchFault" | "cache">;
  /** Resolves when the cache is filled. Errors: those of Controller.start. */
  start(signal: AbortSignal): Promise<void>;
  /** Stops what `start` has started. */
  abort(): Promise<void>;
  /** Works when this process is elected, or at once without an election. */
  run(): LedWork;
  /** True when this process may send what it has already sent again: no other process writes meanwhile. */
  mayWrite(): boolean;
  /** True in the process that reports about all objects: the leader, or the holder of shard 0. */
  readonly isReporting: boolean;
  /** Why the process has to be restarted, as far as the election shows. */
  readonly electionFault: string | undefined;
  /** Why the process is not ready, as far as the election shows. */
  readonly leaseFault: string | undefined;
}

/** What the process connects before its controllers. */
export interface OpenProcess extends ProcessParts {
  /** The accounts of a controller that is not sharded. A sharded process opens others for each shard, and reads its own account by these. */
  readonly aws: OpenAccounts;
  readonly elector: LeaderElector | undefined;
}

/** Opens the controller of all accounts, or those of the shards that this process will hold. Errors: those of the request to STS. */
export async function openProcessController(
  options: ControllerProcessOptions,
  parts: OpenProcess,
  signal: AbortSignal,
): Promise<ProcessController> {
  const { election, shards = 1 } = options;
  if (election === undefined || shards === 1) return whole(options, parts);
  const ownAccountId = await parts.aws.accounts.learnOwnId(signal);
  return sharded(options, election, parts, { shards, ownAccountId });
}

function whole(options: ControllerProcessOptions, parts: OpenProcess): ProcessController {
  const { aws, elector } = parts;
  const observers = controllerObservers(options, parts.metrics, {
    queues: () => [controller.queue],
    objects: () => controller.cache,
    classes: () => controller.classes,
  });
  const { eventQueues = [] } = options;
  const controller: Controller = openController(options, parts, { aws, leadership: elector, eventQueues, observers });
  return {
    view: controller,
    start: (signal) => controller.start(signal),
    abort: async () => void (await controller.stop(0)),
    run: () => (elector === undefined ? workAlone(controller) : runElected(controller, elector)),
    mayWrite: () => elector?.mayWrite() ?? true,
    get isReporting() {
      return elector?.mayWrite() ?? true;
    },
    get electionFault() {
      return elector?.fault;
    },
    get leaseFault() {
      return elector?.accessFault ?? elector?.conflict;
    },
  };
}

function sharded(
  options: ControllerProcessOptions,
  election: ElectionSettings,
  parts: OpenProcess,
  sharding: Sharding,
): ProcessController {
  const { transport, metrics } = parts;
  const queues = new Set<WorkQueue>();
  const observers = controllerObservers(options, metrics, {
    queues: () => [...queues],
    objects: () => controller.cache,
    classes: () => controller.classes,
  });
  const controller: ShardedController = new ShardedController({
    sharding,
    listWatches: objectWatches(options, transport),
    classListWatch: classListWatch(transport),
    syncTimeoutMs: options.settings.syncTimeoutMs,
    clock: systemClock,
    random: Math.random,
    logger: controllerLogger(options),
    observer: observers.reflector,
    openShard(index, shard, leadership) {
      const logger = options.logger.with({ shard: index });
      const aws = openAccounts({ ...options, logger }, metrics, shardGuard(shard, leadership), shard.hasAccount);
      const eventQueues = options.shardEventQueues?.[index] ?? [];
      const opened = openController({ ...options, logger }, parts, { aws, leadership, shard, eventQueues, observers });
      queues.add(opened.queue);
      return {
        controller: opened,
        close() {
          queues.delete(opened.queue);
          aws.close();
        },
      };
    },
  });
  const elections = openShardElections(election, sharding, {
    ...electionParts(options, parts),
    open: (shard, leadership) => controller.open(shard, leadership),
  });
  return {
    view: controller,
    start: (signal) => controller.start(signal),
    abort: () => controller.stop(),
    run: () => runSharded(controller, elections),
    mayWrite: () => elections.mayWriteAll(),
    get isReporting() {
      return elections.held.includes(0);
    },
    get electionFault() {
      return elections.fault;
    },
    get leaseFault() {
      return elections.accessFault ?? elections.conflict;
    },
  };
}

/** The elector of a process that is not sharded; undefined without an election. */
export function electorOf(
  options: ControllerProcessOptions,
  parts: Pick<ProcessParts, "transport" | "metrics">,
): LeaderElector | undefined {
  const { election, shards = 1 } = options;
  return election === undefined || shards > 1 ? undefined : openElection(election, electionParts(options, parts));
}

/** The check before each write by {@link OpenProcess.aws} in a sharded process: only a shard writes. Errors: NotLeadingError, always. */
export function refuseWrites(): never {
  throw new NotLeadingError(`of the shard of account ${OWN_ACCOUNT}`);
}

function electionParts(
  { namespaces, labelSelector, logger }: ControllerProcessOptions,
  { transport, metrics }: Pick<ProcessParts, "transport" | "metrics">,
): ElectionParts {
  const scope = { namespaces, labelSelector };
  return { exchange: transport.exchange, fieldManager: FIELD_MANAGER, logger, observerOf: metrics.elections(), scope };
}
