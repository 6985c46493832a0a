import { randomUUID } from "node:crypto";
import { boundedObject } from "../../api/bounded-object.ts";
import { API_GROUP, KIND } from "../../api/instance-profile.ts";
import type { AwsRates } from "../../aws/call/call-limiter.ts";
import { Controller, type ControllerSettings } from "../../controller/controller.ts";
import type { ControllerObservers, ControllerShard } from "../../controller/controller-settings.ts";
import { type Leadership, leaderOnly } from "../../controller/leader-guard.ts";
import { KubeCrdReader } from "../../kube/crd-reader.ts";
import type { EventRecorder } from "../../kube/event-recorder.ts";
import type { KubeCluster } from "../../kube/kube-config.ts";
import { KubeListWatch } from "../../kube/list-watch.ts";
import { KubeObjectClient } from "../../kube/object-client.ts";
import type { Transport } from "../../kube/transport.ts";
import type { Place } from "../../model/place.ts";
import type { SqsQueueUrl } from "../../model/queue-url.ts";
import { systemClock } from "../../runtime/clock.ts";
import { ControllerMetrics } from "../../runtime/metrics/controller-metrics.ts";
import type { WorkQueue } from "../../runtime/queue/work-queue.ts";
import type { ListWatch } from "../../runtime/watch/list-watch.ts";
import type { ObjectCache } from "../../runtime/watch/store.ts";
import type { Logger } from "../../telemetry.ts";
import type { InstancesSettings } from "../aws-options.ts";
import { orphanMetrics, scanMetrics } from "../metrics/account-metrics.ts";
import { eventQueueMetrics, lastUseMetrics, type ProductMetrics } from "../metrics/product-metrics.ts";
import { classMetrics, classPorts } from "./class-ports.ts";
import type { ElectionSettings } from "./election.ts";
import { reservedQueueNames } from "./event-queues.ts";
import type { ListenAddresses } from "./listeners.ts";
import type { OpenAccounts } from "./open-accounts.ts";
import type { AwsPlace } from "./open-aws.ts";
import { INSTANCE_PROFILES } from "./resources.ts";

/** The field manager of the controller's writes; status writes add a suffix. */
export const FIELD_MANAGER = "instance-profile-controller";
const CONTROLLER = KIND.toLowerCase();

/** What all controllers of a process share. */
export interface ProcessParts {
  readonly transport: Transport;
  readonly events: EventRecorder;
  readonly clusterId: string;
  readonly ownPlace: Place;
  readonly metrics: ProductMetrics;
}

/** What one controller has for itself. */
export interface ControllerParts {
  /** Its accounts. */
  readonly aws: OpenAccounts;
  /** Unset: it is the only one. */
  readonly leadership: Leadership | undefined;
  readonly shard?: ControllerShard;
  /** The URLs of its event queues. */
  readonly eventQueues: NonNullable<ControllerProcessOptions["eventQueues"]>;
  readonly observers: ControllerObservers;
}

/** The logger of the controllers. */
export function controllerLogger({ logger }: ControllerProcessOptions): Logger {
  return logger.with({ controller: CONTROLLER, controllerGroup: API_GROUP, controllerKind: KIND });
}

/** The watches of InstanceProfiles: one for each namespace, or one for all. */
export function objectWatches(
  { namespaces, labelSelector }: ControllerProcessOptions,
  transport: Transport,
): readonly ListWatch[] {
  const selected = { ...(labelSelector !== undefined && { labelSelector }) };
  const scopes = namespaces === undefined ? [{}] : namespaces.map((namespace) => ({ namespace }));
  const { exchange } = transport;
  const bounded = { resource: INSTANCE_PROFILES, kept: boundedObject };
  return scopes.map((scope) => new KubeListWatch({ exchange, ...bounded, ...selected, ...scope }));
}

/** Registers the metrics of all controllers of a process. Returns their observers. */
export function controllerObservers(
  { settings }: ControllerProcessOptions,
  metrics: ProductMetrics,
  seen: {
    readonly queues: () => readonly WorkQueue[];
    readonly objects: () => ObjectCache;
    readonly classes: () => ObjectCache;
  },
): ControllerObservers {
  const { registry } = metrics;
  const own = new ControllerMetrics(registry, CONTROLLER, settings.concurrency);
  own.watchQueues(seen.queues);
  metrics.reportDryRun(settings.isDryRun ?? false);
  metrics.watchObjects(CONTROLLER, seen.objects);
  lastUseMetrics(registry, () => systemClock.nowMs(), seen.objects);
  classMetrics(registry, seen.classes);
  return {
    queue: own.queueObserver,
    workers: own.workerObserver,
    reflector: metrics.watch(CONTROLLER),
    scans: scanMetrics(registry),
    orphans: orphanMetrics(registry),
    eventQueues: eventQueueMetrics(registry),
    results: metrics.results((key, isTerminal) => own.failed(key, isTerminal)),
  };
}

/** Connects the adapters to a controller. */
export function openController(
  options: ControllerProcessOptions,
  { transport, events, clusterId, ownPlace }: ProcessParts,
  { aws, leadership, shard, eventQueues, observers }: ControllerParts,
): Controller {
  const { exchange } = transport;
  const { namespaces, labelSelector, settings } = options;
  const objects = new KubeObjectClient({
    exchange,
    fieldManager: FIELD_MANAGER,
    resource: INSTANCE_PROFILES,
    kept: boundedObject,
  });
  const ports = { objects, events };
  return new Controller({
    listWatches: objectWatches(options, transport),
    scope: { ...(labelSelector !== undefined && { labelSelector }), ...(namespaces !== undefined && { namespaces }) },
    accounts: aws.accounts,
    driftEvents: {
      queues: eventQueues.map((url) => aws.own.eventQueue(url)),
      reservedNames: reservedQueueNames(options),
      ownRequests: aws.ownRequests,
    },
    ownPlace,
    ...(leadership === undefined ? ports : leaderOnly(ports, leadership)),
    ...(shard !== undefined && { shard }),
    classes: classPorts(transport, leadership),
    crd: new KubeCrdReader(exchange, INSTANCE_PROFILES),
    clusterId,
    clock: systemClock,
    random: Math.random,
    newReconcileId: randomUUID,
    logger: controllerLogger(options),
    settings,
    observers,
  });
}

/** Configuration of a controller process. */
export interface ControllerProcessOptions {
  readonly cluster: KubeCluster;
  readonly aws: AwsPlace;
  /** Rate limits of the account; default: those of the `run` command. */
  readonly awsRates?: AwsRates | undefined;
  /** Watch only these namespaces; unset: all. */
  readonly namespaces?: readonly string[] | undefined;
  /** Ignore objects that it does not select. */
  readonly labelSelector?: string | undefined;
  /** Replaces the uid of namespace kube-system. */
  readonly clusterId: string | undefined;
  /** Refuse to start with credentials of another account. */
  readonly expectedAccountId: string | undefined;
  readonly settings: ControllerSettings;
  /** Default: that of the `run` command. */
  readonly instances?: InstancesSettings;
  /** The queues of drift events; unset: none. */
  readonly eventQueues?: readonly SqsQueueUrl[];
  /** The queues of drift events of each shard. */
  readonly shardEventQueues?: readonly (readonly SqsQueueUrl[])[];
  readonly listen: ListenAddresses;
  readonly logger: Logger;
  /** Without it the process works at once and must be the only replica. */
  readonly election?: ElectionSettings | undefined;
  /** The number of shards; more than one needs an election. Default: 1. */
  readonly shards?: number;
}
