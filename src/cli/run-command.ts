import type { OrphanPolicy } from "../controller/orphan-options.ts";
import { AWS_RATE_OPTIONS, awsRates } from "./aws-rates.ts";
import { CLUSTER_OPTIONS, clusterOf } from "./cluster-options.ts";
import type { Command } from "./command.ts";
import { type ControllerProcess, DEFAULT_SETTINGS, NO_LISTENERS, startController } from "./controller-process.ts";
import type { ControllerProcessOptions } from "./controller-process-options.ts";
import { ELECTION_OPTIONS, electionSettings } from "./election.ts";
import { exitOnBug } from "./fatal.ts";
import { INSTANCES_OPTIONS, instancesSettings } from "./instances-options.ts";
import { type CommandIo, EXIT, UsageError } from "./io.ts";
import { labelSelectorOf } from "./label-selector.ts";
import { createLogger, LOG_LEVELS } from "./logger.ts";
import { clusterIdOf, durationMs, type GivenOptions, wholeNumber } from "./options.ts";

/** AWS would be asked without a pause. */
const MIN_RESYNC_MS = 1_000;
/** A sweep of a large account takes some seconds. */
const MIN_SWEEP_MS = 10_000;

/** Runs the controller until it is told to stop. */
export const runCommand: Command = {
  description: [
    "Runs the controller against a cluster and an AWS account until SIGINT or SIGTERM.",
    "The cluster is --kubeconfig, else KUBECONFIG, else the pod's service account, else ~/.kube/config.",
    "AWS credentials, region and AWS_ENDPOINT_URL are found as in every AWS SDK.",
    "With --leader-elect one process of several works and the others wait, warm; one that loses the Lease ends with 1.",
  ].join("\n"),
  options: {
    ...CLUSTER_OPTIONS,
    namespace: { type: "string", short: "n", value: "NAME", help: "watch this namespace only; default: all" },
    "label-selector": {
      type: "string",
      value: "SELECTOR",
      help: "work on objects with these labels only; default: all",
    },
    "cluster-id": {
      type: "string",
      value: "ID",
      help: "part of every owner tag; default: uid of namespace kube-system",
    },
    "require-class": {
      type: "boolean",
      help: "block objects without an InstanceProfileClass, also where there are no classes",
    },
    "allow-adoption": {
      type: "boolean",
      help: "let objects without a class adopt roles and instance profiles that nobody owns (adoptionPolicy: IfExists)",
    },
    "account-id": { type: "string", value: "ID", help: "refuse to start with credentials of another AWS account" },
    concurrency: { type: "string", value: "N", help: "objects worked on at once; default 10" },
    "resync-interval": { type: "string", value: "DURATION", help: "between verifications of an object; default 10m" },
    "sweep-interval": {
      type: "string",
      value: "DURATION",
      help: "between two looks at the whole account; default 10m",
    },
    "orphan-policy": {
      type: "string",
      value: "POLICY",
      help: "what becomes of roles in AWS whose object is gone without its finalizer: Retain (default) reports them, Delete deletes what is proven",
    },
    ...AWS_RATE_OPTIONS,
    ...INSTANCES_OPTIONS,
    "metrics-bind-address": {
      type: "string",
      value: "ADDRESS",
      help: "serve /metrics at host:port or :port; default 0: nowhere",
    },
    "health-probe-bind-address": {
      type: "string",
      value: "ADDRESS",
      help: "serve /healthz and /readyz at host:port or :port; default 0: nowhere",
    },
    ...ELECTION_OPTIONS,
    "log-level": { type: "string", value: "LEVEL", help: `${LOG_LEVELS.join(", ")}; default info` },
  },
  run: runController,
};

async function runController(given: GivenOptions, io: CommandIo): Promise<number> {
  const logger = createLogger(logLevel(given.text("log-level") ?? "info"));
  exitOnBug(logger, process);
  const { intervals, concurrency, sweepIntervalMs } = DEFAULT_SETTINGS;
  const settings = {
    ...DEFAULT_SETTINGS,
    requiresClass: given.flag("require-class"),
    concurrency: wholeNumber("concurrency", given.text("concurrency"), { fallback: concurrency, min: 1, max: 1_000 }),
    orphanPolicy: orphanPolicyOf(given.text("orphan-policy") ?? DEFAULT_SETTINGS.orphanPolicy),
    allowsAdoption: given.flag("allow-adoption"),
    sweepIntervalMs: durationMs("sweep-interval", given.text("sweep-interval"), sweepIntervalMs, MIN_SWEEP_MS),
    intervals: {
      ...intervals,
      resyncMs: durationMs("resync-interval", given.text("resync-interval"), intervals.resyncMs, MIN_RESYNC_MS),
    },
  };
  const rates = awsRates(given);
  const cluster = clusterOf(given, io.env);
  const options = {
    cluster,
    aws: {},
    awsRates: rates,
    namespace: given.text("namespace"),
    labelSelector: labelSelectorOf(given.text("label-selector")),
    clusterId: clusterIdOf(given.text("cluster-id")),
    expectedAccountId: given.text("account-id"),
    settings,
    instances: instancesSettings(given),
    listen: {
      probes: given.text("health-probe-bind-address") ?? NO_LISTENERS.probes,
      metrics: given.text("metrics-bind-address") ?? NO_LISTENERS.metrics,
    },
    logger,
    election: electionSettings(given, cluster.namespace),
  };
  const controller = await startUnlessStopped(options, io.stop);
  if (controller === undefined) return EXIT.ok;
  const end = await Promise.race([stopAsked(io.stop), controller.lost]);
  await controller.stop();
  return end instanceof Error ? EXIT.error : EXIT.ok;
}

/** Undefined when the process is asked to stop before the controller is up. */
async function startUnlessStopped(
  options: ControllerProcessOptions,
  stop: AbortSignal,
): Promise<ControllerProcess | undefined> {
  try {
    return await startController(options, stop);
  } catch (error) {
    if (!stop.aborted || error !== stop.reason) throw error;
    options.logger.info("controller stopped before it was up");
    return undefined;
  }
}

/** Resolves when the process is asked to stop. */
export function stopAsked(stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted) resolve();
    else stop.addEventListener("abort", () => resolve(), { once: true });
  });
}

function orphanPolicyOf(policy: string): OrphanPolicy {
  if (policy === "Retain" || policy === "Delete") return policy;
  throw new UsageError(`--orphan-policy: "${policy}" must be one of Retain, Delete`);
}

/** The level as given, when it is one. Errors: UsageError. */
export function logLevel(level: string): string {
  if (LOG_LEVELS.includes(level)) return level;
  throw new UsageError(`--log-level: "${level}" is none of ${LOG_LEVELS.join(", ")}`);
}
