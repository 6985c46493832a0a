import { Counter, Gauge } from "prom-client";
import { parse } from "yaml";
import { classMetrics } from "../../src/cli/controller/class-ports.ts";
import { orphanMetrics, scanMetrics } from "../../src/cli/metrics/account-metrics.ts";
import { eventQueueMetrics, lastUseMetrics, ProductMetrics } from "../../src/cli/metrics/product-metrics.ts";
import { restClientMetrics } from "../../src/cli/metrics/request-metrics.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { ControllerMetrics } from "../../src/runtime/metrics/controller-metrics.ts";
import { KeyedBackoff } from "../../src/runtime/queue/backoff.ts";
import { WorkQueue } from "../../src/runtime/queue/work-queue.ts";
import { cell, tableOf } from "./section.ts";

/** The sections of docs/reference/metrics.md, with the metrics of each by the prefix of their names; the last has the rest. */
const GROUPS = {
  "metrics of reconciles": /^(?:controller_runtime|workqueue)_/,
  "metrics of the API server": /^rest_client_/,
  "metrics of leader election": /^leader_election_/,
  "metrics of this controller": /^instance_profile_controller_/,
} as const;

/** The metrics of the process, which prom-client explains. */
const OF_NODE = /^(?:process|nodejs)_/;

/** The table of each section of docs/reference/metrics.md, by its name. */
export function metricsReference(): Readonly<Record<string, string>> {
  const rows = registeredMetrics().map((metric) => [
    `\`${metric.name}\``,
    typeOf(metric),
    labelsOf(metric),
    cell(metric.help),
  ]);
  const unplaced = rows.filter(([name = ""]) => !Object.values(GROUPS).some((prefix) => prefix.test(name.slice(1))));
  if (unplaced.length > 0) throw new Error(`no section of the page has ${unplaced.map(([name]) => name).join(", ")}`);
  const tables = Object.entries(GROUPS).map(([section, prefix]) => {
    const own = rows.filter(([name = ""]) => prefix.test(name.slice(1)));
    return [section, tableOf(["metric", "type", "labels", "meaning"], own)] as const;
  });
  return Object.fromEntries(tables);
}

interface RegisteredMetric {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
}

/** Registers what `run` registers. A test compares the page with the metrics that a controller serves. */
function registeredMetrics(): readonly RegisteredMetric[] {
  const metrics = new ProductMetrics(systemClock, "");
  const { registry } = metrics;
  const cache = { get: () => undefined, list: () => [], byIndex: () => [], keys: () => [], size: 0 };
  const backoff = new KeyedBackoff(Math.random);
  new ControllerMetrics(registry, "", 1).watchQueues(() => [new WorkQueue({ clock: systemClock, backoff })]);
  restClientMetrics(registry, systemClock, "");
  metrics.elections()("");
  scanMetrics(registry);
  orphanMetrics(registry);
  eventQueueMetrics(registry);
  metrics.watch("");
  metrics.reportDryRun(false);
  metrics.watchObjects("", () => cache);
  lastUseMetrics(
    registry,
    () => 0,
    () => cache,
  );
  classMetrics(registry, () => cache);
  const registered = registry.getMetricsAsArray() as unknown as readonly RegisteredMetric[];
  return registered.filter(({ name }) => !OF_NODE.test(name));
}

function typeOf(metric: RegisteredMetric): string {
  if (metric instanceof Counter) return "counter";
  return metric instanceof Gauge ? "gauge" : "histogram";
}

function labelsOf({ labelNames }: RegisteredMetric): string {
  return labelNames.toSorted().join(", ");
}

/** The metrics that kube-state-metrics makes of objects with a configuration. */
export function metricsOfObjects(configuration: string): string {
  const { spec } = parse(configuration) as { readonly spec: { readonly resources: readonly StateMetrics[] } };
  const rows = spec.resources.flatMap(({ metricNamePrefix, labelsFromPath, metrics }) =>
    metrics.map(({ name, help, each: { gauge, info } }) => {
      const labels = [labelsFromPath, gauge?.labelsFromPath, info?.labelsFromPath].flatMap((paths) =>
        Object.keys(paths ?? {}),
      );
      return [`\`${metricNamePrefix}_${name}\``, labels.join(", "), cell(help)];
    }),
  );
  return tableOf(["metric", "labels", "meaning"], rows);
}

type LabelPaths = Readonly<Record<string, readonly string[]>>;

/** A kind in the configuration of kube-state-metrics. */
interface StateMetrics {
  readonly metricNamePrefix: string;
  readonly labelsFromPath: LabelPaths;
  readonly metrics: readonly {
    readonly name: string;
    readonly help: string;
    readonly each: Readonly<Partial<Record<"gauge" | "info", { readonly labelsFromPath?: LabelPaths }>>>;
  }[];
}
