import { setFlagsFromString } from "node:v8";
import { AWS_RATE_OPTIONS, awsRates, INSTANCES_OPTIONS, instancesSettings } from "../aws-options.ts";
import { CLUSTER_OPTIONS, clusterOf } from "../cluster-options.ts";
import type { Command } from "../command.ts";
import { CONTROLLER_OPTIONS, controllerChoices } from "../controller/controller-options.ts";
import {
  type ControllerProcess,
  DEFAULT_SETTINGS,
  NO_LISTENERS,
  startController,
} from "../controller/controller-process.ts";
import { ELECTION_OPTIONS, electionSettings, shardsOption } from "../controller/election.ts";
import { EVENT_QUEUE_OPTION, eventQueueUrls } from "../controller/event-queues.ts";
import type { ControllerProcessOptions } from "../controller/open-controller.ts";
import { type CommandIo, EXIT, UsageError } from "../io.ts";
import { createLogger, LOG_LEVELS } from "../logging/logger.ts";
import { accountIdOf, durationMs, type GivenOptions, labelSelectorOf, namespacesOf, wholeNumber } from "../options.ts";
import { exitOnBug } from "../process-io.ts";

/** A shorter interval would keep AWS busy without a pause. */
const MIN_RESYNC_MS = 1_000;

/** Runs the controller until SIGINT or SIGTERM. */
export const runCommand: Command = {
  description: [
    "Runs the controller against a cluster and an AWS account until SIGINT or SIGTERM.",
    "The cluster comes from --kubeconfig, else KUBECONFIG, else the pod's service account, else ~/.kube/config.",
    "AWS credentials, region and AWS_ENDPOINT_URL come from the environment, as in every AWS SDK.",
    "With --leader-elect one replica is the leader and the others are warm standbys. A leader that loses the Lease exits",
    "with status 1. With --shards all replicas work, each for its share of the accounts, and a lost Lease ends the work of its shard.",
  ].join("\n"),
  options: {
    ...CLUSTER_OPTIONS,
    namespace: {
      type: "string",
      multiple: true,
      short: "n",
      value: "NAME",
      help: "watch only this namespace; repeatable; default: all namespaces",
    },
    "label-selector": {
      type: "string",
      value: "SELECTOR",
      help: "reconcile only objects with these labels; default: all objects; an object that loses them is no longer reconciled and keeps its finalizer",
    },
    ...CONTROLLER_OPTIONS,
    "report-classes": {
      type: "boolean",
      help: "with --namespace or --label-selector: report the status of classes, which only one deployment of a cluster may do; without them it always does",
    },
    "dry-run": {
      type: "boolean",
      help: "write nothing to AWS, and report in status, Events, log and metrics what would be written",
    },
    "account-id": { type: "string", value: "ID", help: "exit at start if the AWS credentials are for another account" },
    concurrency: {
      type: "string",
      value: "N",
      help: "objects reconciled concurrently; default 10; each AWS account gets an equal share",
    },
    "resync-interval": {
      type: "string",
      value: "DURATION",
      help: "interval between resyncs of an object in sync, if the controller is not authorized to scan the account; default 10m",
    },
    ...AWS_RATE_OPTIONS,
    ...INSTANCES_OPTIONS,
    ...EVENT_QUEUE_OPTION,
    "metrics-bind-address": {
      type: "string",
      value: "ADDRESS",
      help: "serve /metrics at host:port or :port; default 0: disabled",
    },
    "health-probe-bind-address": {
      type: "string",
      value: "ADDRESS",
      help: "serve /healthz and /readyz at host:port or :port; default 0: disabled",
    },
    ...ELECTION_OPTIONS,
    "log-level": {
      type: "string",
      value: "LEVEL",
      help: `${LOG_LEVELS.join(", ")}; default info; logs are JSON lines on standard error`,
    },
  },
  run: runController,
};

async function runController(given: GivenOptions, io: CommandIo): Promise<number> {
  const logger = createLogger(logLevel(given.text("log-level") ?? "info"));
  exitOnBug(logger, process);
  favorSize();
  const { intervals, concurrency } = DEFAULT_SETTINGS;
  const choices = controllerChoices(given);
  const settings = {
    ...DEFAULT_SETTINGS,
    ...choices.settings,
    ...(given.flag("report-classes") && { reportsClasses: true }),
    ...(given.flag("dry-run") && { isDryRun: true }),
    concurrency: wholeNumber("concurrency", given.text("concurrency"), { fallback: concurrency, min: 1, max: 1_000 }),
    intervals: {
      ...intervals,
      resyncMs: durationMs("resync-interval", given.text("resync-interval"), intervals.resyncMs, MIN_RESYNC_MS),
    },
  };
  const shards = shardsOption(given);
  const queues = eventQueueUrls(given, shards);
  const options = {
    aws: {},
    awsRates: awsRates(given),
    namespaces: namespacesOf(given),
    labelSelector: labelSelectorOf(given.text("label-selector")),
    clusterId: choices.clusterId,
    expectedAccountId: accountIdOf("account-id", given.text("account-id")),
    settings,
    instances: instancesSettings(given),
    shards,
    ...(shards > 1 ? { shardEventQueues: queues } : { eventQueues: queues[0] ?? [] }),
    listen: {
      probes: given.text("health-probe-bind-address") ?? NO_LISTENERS.probes,
      metrics: given.text("metrics-bind-address") ?? NO_LISTENERS.metrics,
    },
    logger,
  };
  // After every other option: a wrong one is reported whether or not there is a cluster.
  const election = electionSettings(given);
  const cluster = clusterOf(given, io.env);
  const lease = election && { ...election, namespace: election.namespace ?? cluster.namespace };
  const controller = await startUnlessStopped({ ...options, cluster, election: lease }, io.stop);
  if (controller === undefined) return EXIT.ok;
  const end = await Promise.race([stopRequested(io.stop), controller.lost]);
  await controller.stop();
  return end instanceof Error ? EXIT.error : EXIT.ok;
}

/**
 * Has the garbage collector compact more and let less garbage pile up: 60 MiB less at 5,000 objects. The same flag at the start of Node would
 * also shrink the young generation to 1 MiB, whatever `--max-semi-space-size` says, which costs a fifth of the CPU: docs/explanation/scale.md.
 */
function favorSize(): void {
  setFlagsFromString("--optimize-for-size");
}

/** Returns undefined when the process gets a request to stop before the controller has started. */
async function startUnlessStopped(
  options: ControllerProcessOptions,
  stop: AbortSignal,
): Promise<ControllerProcess | undefined> {
  try {
    return await startController(options, stop);
  } catch (error) {
    if (!stop.aborted || error !== stop.reason) throw error;
    options.logger.info("controller stopped before it had started");
    return undefined;
  }
}

/** Resolves when the process gets a request to stop. */
export function stopRequested(stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted) resolve();
    else stop.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** Returns the level if it is valid. Errors: UsageError. */
export function logLevel(level: string): string {
  if (LOG_LEVELS.includes(level)) return level;
  throw new UsageError(`--log-level: "${level}" must be one of ${LOG_LEVELS.join(", ")}`);
}
