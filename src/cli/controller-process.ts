import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { API_GROUP, KIND, PLURAL } from "../api/instance-profile.ts";
import { type AwsConnection, connectAws } from "../aws/aws-connection.ts";
import type { AwsClientOptions } from "../aws/client-config.ts";
import { Controller, type ControllerSettings } from "../controller/controller.ts";
import { DEFAULT_SETTLE_WINDOW_MS } from "../engine/settling.ts";
import { BlockedError } from "../errors.ts";
import { readClusterId } from "../kube/cluster-id.ts";
import { EventRecorder } from "../kube/event-recorder.ts";
import type { KubeCluster } from "../kube/kube-config.ts";
import { KubeListWatch } from "../kube/list-watch.ts";
import { KubeObjectClient } from "../kube/object-client.ts";
import type { KubeResource } from "../kube/resource.ts";
import { Transport } from "../kube/transport.ts";
import { systemClock } from "../runtime/clock.ts";
import { ControllerMetrics } from "../runtime/controller-metrics.ts";
import { DEFAULT_PATIENCE } from "../status/requeue.ts";
import type { Logger } from "../telemetry.ts";
import { type ListenAddresses, openListeners } from "./listeners.ts";
import { ProductMetrics } from "./product-metrics.ts";
import { VERSION } from "./version.ts";

/** One field manager for all of the controller's writes; those of status add a suffix. */
const FIELD_MANAGER = "instance-profile-controller";
const RESOURCE: KubeResource = { group: API_GROUP, version: "v1beta1", plural: PLURAL, kind: KIND };
/** Within the pod's terminationGracePeriodSeconds of 45, with room for the last events. */
const DRAIN_MS = 30_000;
const FLUSH_MS = 5_000;

/** What an operator may choose; see the options of the `run` command. */
export const DEFAULT_SETTINGS: ControllerSettings = {
  concurrency: 10,
  patience: DEFAULT_PATIENCE,
  settleWindowMs: DEFAULT_SETTLE_WINDOW_MS,
  syncTimeoutMs: 120_000,
};

/** Nobody has asked for a listener. */
export const NO_LISTENERS: ListenAddresses = { probes: "0", metrics: "0" };

/** How a controller process is set up. */
export interface ControllerProcessOptions {
  readonly cluster: KubeCluster;
  readonly aws: Omit<AwsClientOptions, "clock" | "version">;
  /** Watch this namespace only. */
  readonly namespace: string | undefined;
  /** Instead of the uid of namespace kube-system. */
  readonly clusterId: string | undefined;
  /** Refuse to start with credentials of any other account. */
  readonly expectedAccountId: string | undefined;
  readonly settings: ControllerSettings;
  readonly listen: ListenAddresses;
  readonly logger: Logger;
}

/** A controller at work. */
export interface ControllerProcess {
  /** Where it listens: probes, then metrics; empty when nobody asked for a listener. */
  readonly urls: readonly string[];
  /** Drains the workers, publishes the last events, and closes every connection. */
  stop(): Promise<void>;
}

/**
 * Joins the adapters to the controller and starts it; resolves when the cache is filled and work has begun.
 *
 * Errors: ControllerErrors of the first calls (no cluster, no permission, the wrong account), each with what to do.
 */
export async function startController(
  options: ControllerProcessOptions,
  signal: AbortSignal,
): Promise<ControllerProcess> {
  const { logger } = options;
  const metrics = new ProductMetrics(systemClock, VERSION);
  const transport = new Transport({
    cluster: options.cluster,
    clock: systemClock,
    version: VERSION,
    intercept: metrics.restClientIntercept(new URL(options.cluster.server).host),
  });
  const aws = connectAws({ ...options.aws, clock: systemClock, version: VERSION, onCall: metrics.onAwsCall });
  const events = new EventRecorder({
    exchange: transport.exchange,
    clock: systemClock,
    logger,
    reporter: { controller: `${API_GROUP}/controller`, instance: hostname() },
  });
  const closers: (() => Promise<void>)[] = [];
  const release = async (): Promise<void> => {
    await Promise.all(closers.map((close) => close()));
    await events.flush(AbortSignal.timeout(FLUSH_MS));
    aws.close();
    await transport.close();
  };
  try {
    await checkAccount(options.expectedAccountId, aws, signal);
    const clusterId = options.clusterId ?? (await readClusterId(transport.exchange, signal));
    const controller = controllerOf(options, { transport, aws, events, clusterId, metrics });
    const listeners = await openListeners(options.listen, {
      healthz: { "event-loop": () => undefined },
      readyz: { "cache-sync": () => (controller.hasSynced ? undefined : "the first list has not come yet") },
      metrics: metrics.registry,
    });
    closers.push(...listeners.map((listener) => () => listener.close()));
    await controller.start();
    logger.info("controller started", { version: VERSION, cluster: options.cluster.source, clusterId });
    return {
      urls: listeners.map(({ url }) => url),
      async stop() {
        const drained = await controller.stop(DRAIN_MS);
        await release();
        logger.info("controller stopped", { drained });
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}

interface Parts {
  readonly transport: Transport;
  readonly aws: AwsConnection;
  readonly events: EventRecorder;
  readonly clusterId: string;
  readonly metrics: ProductMetrics;
}

function controllerOf(options: ControllerProcessOptions, parts: Parts): Controller {
  const { transport, aws, events, clusterId, metrics } = parts;
  const { exchange } = transport;
  const kind = KIND.toLowerCase();
  const controllerMetrics = new ControllerMetrics(metrics.registry, kind, options.settings.concurrency);
  const scope = options.namespace === undefined ? {} : { namespace: options.namespace };
  const controller = new Controller({
    listWatch: new KubeListWatch({ exchange, resource: RESOURCE, ...scope }),
    objects: new KubeObjectClient({ exchange, resource: RESOURCE, fieldManager: FIELD_MANAGER }),
    events,
    reader: aws.iamReader,
    writer: aws.iamWriter,
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
      outcomes: metrics.outcomes((key, isTerminal) => controllerMetrics.failed(key, isTerminal)),
    },
  });
  controllerMetrics.watchQueue(controller.queue);
  metrics.watchObjects(kind, () => controller.cache);
  return controller;
}

/** The wrong credentials would make every object anew in somebody else's account. */
async function checkAccount(expected: string | undefined, aws: AwsConnection, signal: AbortSignal): Promise<void> {
  if (expected === undefined) return;
  const actual = await aws.accountIdentity.accountId(signal);
  if (actual === expected) return;
  throw new BlockedError(
    `the AWS credentials are of account ${actual}, --account-id asks for ${expected}. Nothing was written. ` +
      "Give the controller credentials of the right account, or correct --account-id.",
    { reason: "WrongAccount" },
  );
}
