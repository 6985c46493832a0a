import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { boundedObject } from "../../api/bounded-object.ts";
import { API_GROUP, KIND } from "../../api/instance-profile.ts";
import { Controller, type ControllerSettings } from "../../controller/controller.ts";
import { leaderOnly } from "../../controller/leader-guard.ts";
import { DEFAULT_PROPAGATION_WINDOW_MS } from "../../engine/observe/recent-writes.ts";
import { readClusterId } from "../../kube/cluster-id.ts";
import { KubeCrdReader } from "../../kube/crd-reader.ts";
import { EventRecorder } from "../../kube/event-recorder.ts";
import { KubeListWatch } from "../../kube/list-watch.ts";
import { KubeObjectClient } from "../../kube/object-client.ts";
import { Transport } from "../../kube/transport.ts";
import type { Place } from "../../model/place.ts";
import { systemClock } from "../../runtime/clock.ts";
import type { LeaderElector } from "../../runtime/election/leader-election.ts";
import { ControllerMetrics } from "../../runtime/metrics/controller-metrics.ts";
import { EventLoopWatch } from "../../runtime/metrics/event-loop-watch.ts";
import { DEFAULT_REQUEUE_INTERVALS } from "../../status/requeue.ts";
import { eventQueueMetrics } from "../metrics/event-queue-metrics.ts";
import { lastUseMetrics } from "../metrics/last-use-metrics.ts";
import { orphanMetrics } from "../metrics/orphan-metrics.ts";
import { ProductMetrics } from "../metrics/product-metrics.ts";
import { restClientMetrics } from "../metrics/rest-client-metrics.ts";
import { scanMetrics } from "../metrics/scan-metrics.ts";
import { VERSION } from "../version.ts";
import { classMetrics, classPorts } from "./class-ports.ts";
import type { ControllerProcessOptions } from "./controller-process-options.ts";
import { startDryRunSummary } from "./dry-run.ts";
import { openElection } from "./election.ts";
import { type ListenAddresses, openListeners } from "./listeners.ts";
import { type OpenAccounts, openAccounts } from "./open-accounts.ts";
import { checkAccount } from "./open-aws.ts";
import { placeOf } from "./own-place.ts";
import { INSTANCE_PROFILES } from "./resources.ts";
import { runElected, workAlone } from "./run-elected.ts";

/** The field manager of the controller's writes; status writes add a suffix. */
const FIELD_MANAGER = "instance-profile-controller";
/** How long running reconciles can take on shutdown. All of shutdown must fit terminationGracePeriodSeconds. */
export const DRAIN_MS: number = 30_000;
/** How long publishing the last Events can take on shutdown. */
export const FLUSH_MS: number = 5_000;

/** Defaults of the options of the `run` command. */
export const DEFAULT_SETTINGS: ControllerSettings = {
  concurrency: 10,
  intervals: DEFAULT_REQUEUE_INTERVALS,
  propagationWindowMs: DEFAULT_PROPAGATION_WINDOW_MS,
  scanIntervalMs: 600_000,
  orphanPolicy: "Retain",
  crdDeletionPolicy: "Retain",
  syncTimeoutMs: 120_000,
};

/** No listeners. */
export const NO_LISTENERS: ListenAddresses = { probes: "0", metrics: "0" };

/** A running controller process. */
export interface ControllerProcess {
  /** URLs of the listeners: probes, then metrics; empty without listeners. */
  readonly urls: readonly string[];
  /** Resolves with the reason when the process loses leadership: it must exit with an error. Stays pending otherwise. */
  readonly lost: Promise<Error>;
  /** Drains the workers, releases the Lease, publishes the last Events, and closes every connection. */
  stop(): Promise<void>;
}

/**
 * Connects the adapters to the controller and starts it. Resolves when the cache is filled. Reconciling starts then, or when
 * this process becomes the leader.
 *
 * Errors: ControllerErrors of the first requests (no cluster, not authorized, the wrong account), each with what to do; the
 * signal's reason when it aborts. Nothing is left running after an error.
 */
export async function startController(
  options: ControllerProcessOptions,
  signal: AbortSignal,
): Promise<ControllerProcess> {
  const metrics = new ProductMetrics(systemClock, VERSION);
  const transport = new Transport({
    cluster: options.cluster,
    clock: systemClock,
    version: VERSION,
    // Late-bound: the elector needs the transport itself.
    mayResendWrites: () => elector?.mayWrite() ?? true,
    ...restClientMetrics(metrics.registry, systemClock, new URL(options.cluster.server).host),
  });
  const elector: LeaderElector | undefined = electorOf(options, transport, metrics);
  const aws = openAccounts(options, metrics, () => elector?.assertLeading());
  const events = new EventRecorder({
    exchange: transport.exchange,
    clock: systemClock,
    logger: options.logger,
    reporter: { controller: `${API_GROUP}/controller`, instance: hostname() },
  });
  const eventLoop = new EventLoopWatch(systemClock);
  const closers: (() => Promise<void>)[] = [];
  const release = async (): Promise<void> => {
    await Promise.all(closers.map((close) => close()));
    await events.flush(AbortSignal.timeout(FLUSH_MS));
    aws.close();
    await transport.close();
    eventLoop.stop();
  };
  try {
    eventLoop.start();
    await checkAccount(options.expectedAccountId, aws.own, signal);
    const clusterId = options.clusterId ?? (await readClusterId(transport.exchange, signal));
    const ownPlace = await placeOf(aws.own);
    const controller = controllerOf(options, { transport, aws, events, clusterId, ownPlace, metrics, elector });
    closers.push(async () => void (await controller.stop(0)));
    const listeners = await openListeners(options.listen, {
      healthz: { "event-loop": () => eventLoop.fault, "leader-election": () => elector?.fault },
      readyz: {
        "cache-sync": () => (controller.hasSynced ? undefined : "the first list has not completed yet"),
        watch: () => controller.watchFault,
        lease: () => elector?.accessFault ?? elector?.conflict,
      },
      metrics: metrics.registry,
    });
    closers.push(...listeners.map((listener) => () => listener.close()));
    await controller.start(signal);
    closers.push(startDryRunSummary({ ...options, controller, clock: systemClock }, () => elector?.mayWrite() ?? true));
    options.logger.info("controller started", { version: VERSION, cluster: options.cluster.source, clusterId });
    const led = elector === undefined ? workAlone(controller) : runElected(controller, elector);
    return {
      urls: listeners.map(({ url }) => url),
      lost: led.lost,
      async stop() {
        const drained = await led.stop(DRAIN_MS);
        await release();
        options.logger.info("controller stopped", { drained });
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}

interface Parts {
  readonly transport: Transport;
  readonly aws: OpenAccounts;
  readonly events: EventRecorder;
  readonly clusterId: string;
  readonly ownPlace: Place;
  readonly metrics: ProductMetrics;
  readonly elector: LeaderElector | undefined;
}

function electorOf(
  { election, namespaces, labelSelector, logger }: ControllerProcessOptions,
  { exchange }: Transport,
  metrics: ProductMetrics,
): LeaderElector | undefined {
  if (election === undefined) return undefined;
  const parts = { exchange, fieldManager: FIELD_MANAGER, logger, observer: metrics.election(election.name) };
  return openElection(election, { namespaces, labelSelector }, parts);
}

function controllerOf(options: ControllerProcessOptions, parts: Parts): Controller {
  const { transport, aws, events, clusterId, ownPlace, metrics, elector } = parts;
  const { exchange } = transport;
  const kind = KIND.toLowerCase();
  const controllerMetrics = new ControllerMetrics(metrics.registry, kind, options.settings.concurrency);
  const { namespaces, labelSelector, eventQueues = [] } = options;
  // A dry run receives no messages: a controller that enforces would miss them.
  const queues = options.settings.isDryRun ? [] : eventQueues.map((url) => aws.own.eventQueue(url));
  const selected = { ...(labelSelector !== undefined && { labelSelector }) };
  const scopes = namespaces === undefined ? [{}] : namespaces.map((namespace) => ({ namespace }));
  const bounded = { resource: INSTANCE_PROFILES, kept: boundedObject };
  const objects = new KubeObjectClient({ exchange, fieldManager: FIELD_MANAGER, ...bounded });
  const ports = { objects, events };
  const controller = new Controller({
    listWatches: scopes.map((scope) => new KubeListWatch({ exchange, ...bounded, ...selected, ...scope })),
    scope: { ...selected, ...(namespaces !== undefined && { namespaces }) },
    accounts: aws.accounts,
    driftEvents: queues.length === 0 ? undefined : { queues, ownRequests: aws.ownRequests },
    ownPlace,
    ...(elector === undefined ? ports : leaderOnly(ports, elector)),
    classes: classPorts(transport, elector),
    crd: new KubeCrdReader(exchange, INSTANCE_PROFILES),
    clusterId,
    clock: systemClock,
    random: Math.random,
    newReconcileId: randomUUID,
    logger: options.logger.with({ controller: kind, controllerGroup: API_GROUP, controllerKind: KIND }),
    settings: options.settings,
    observers: {
      queue: controllerMetrics.queueObserver,
      workers: controllerMetrics.workerObserver,
      reflector: metrics.watch(kind),
      scans: scanMetrics(metrics.registry),
      orphans: orphanMetrics(metrics.registry),
      eventQueues: eventQueueMetrics(metrics.registry, queues),
      results: metrics.results((key, isTerminal) => controllerMetrics.failed(key, isTerminal)),
    },
  });
  controllerMetrics.watchQueue(controller.queue);
  metrics.reportDryRun(options.settings.isDryRun ?? false);
  metrics.watchObjects(kind, () => controller.cache);
  lastUseMetrics(
    metrics.registry,
    () => systemClock.nowMs(),
    () => controller.cache,
  );
  classMetrics(metrics.registry, () => controller.classes);
  return controller;
}
