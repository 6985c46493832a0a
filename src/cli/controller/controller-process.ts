import { hostname } from "node:os";
import { API_GROUP } from "../../api/instance-profile.ts";
import type { ControllerSettings } from "../../controller/controller.ts";
import { DEFAULT_PROPAGATION_WINDOW_MS } from "../../engine/observe/recent-writes.ts";
import { readClusterId } from "../../kube/cluster-id.ts";
import { EventRecorder } from "../../kube/event-recorder.ts";
import { Transport } from "../../kube/transport.ts";
import { systemClock } from "../../runtime/clock.ts";
import { EventLoopWatch } from "../../runtime/metrics/event-loop-watch.ts";
import { DEFAULT_REQUEUE_INTERVALS } from "../../status/requeue.ts";
import { ProductMetrics } from "../metrics/product-metrics.ts";
import { restClientMetrics } from "../metrics/request-metrics.ts";
import { VERSION } from "../version.ts";
import { startDryRunSummary } from "./dry-run.ts";
import { DRAIN_MS } from "./election.ts";
import { type ListenAddresses, type ListenerContent, openListeners } from "./listeners.ts";
import { openAccounts } from "./open-accounts.ts";
import { checkAccount, placeOf } from "./open-aws.ts";
import type { ControllerProcessOptions } from "./open-controller.ts";
import { electorOf, openProcessController, type ProcessController, refuseWrites } from "./process-controller.ts";

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
    // Late-bound: the controller needs the transport itself.
    mayResendWrites: () => controller?.mayWrite() ?? false,
    ...restClientMetrics(metrics.registry, systemClock, new URL(options.cluster.server).host),
  });
  let controller: ProcessController | undefined;
  const elector = electorOf(options, { transport, metrics });
  const isSharded = (options.shards ?? 1) > 1;
  const assertMayWrite = (): void => (isSharded ? refuseWrites() : elector?.assertLeading());
  const aws = openAccounts(options, metrics, assertMayWrite, () => !isSharded);
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
    const parts = { transport, aws, events, clusterId, ownPlace, metrics, elector };
    const opened = await openProcessController(options, parts, signal);
    controller = opened;
    const { view } = opened;
    closers.push(() => opened.abort());
    const listeners = await openListeners(options.listen, contentOf(opened, eventLoop, metrics));
    closers.push(...listeners.map((listener) => () => listener.close()));
    await opened.start(signal);
    closers.push(startDryRunSummary({ ...options, controller: view, clock: systemClock }, () => opened.isReporting));
    options.logger.info("controller started", { version: VERSION, cluster: options.cluster.source, clusterId });
    const led = opened.run();
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

function contentOf(opened: ProcessController, eventLoop: EventLoopWatch, metrics: ProductMetrics): ListenerContent {
  const { view } = opened;
  return {
    healthz: { "event-loop": () => eventLoop.fault, "leader-election": () => opened.electionFault },
    readyz: {
      "cache-sync": () => (view.hasSynced ? undefined : "the first list has not completed yet"),
      watch: () => view.watchFault,
      lease: () => opened.leaseFault,
    },
    metrics: metrics.registry,
  };
}
