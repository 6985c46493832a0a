import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { QueueObserver, WorkQueue } from "../queue/work-queue.ts";
import type { RunResult, WorkerObserver } from "../queue/workers.ts";

/** controller-runtime's names of reconcile results, for dashboards made for it. */
const RESULTS = ["success", "error", "requeue", "requeue_after"] as const;

/** controller-runtime's buckets, in seconds: dashboards compare them across controllers. */
const RECONCILE_SECONDS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75, 2,
  2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
];

/** client-go's buckets for queue times: twelve powers of ten from 10 ns. */
const QUEUE_SECONDS = Array.from({ length: 12 }, (_, i) => 10 ** (i - 8));

/** Metrics of a controller and its queue, with controller-runtime's and client-go's names and labels. */
export class ControllerMetrics {
  readonly queueObserver: QueueObserver;
  readonly workerObserver: WorkerObserver;
  readonly #reconciles: Counter;
  readonly #errors: Counter;
  readonly #terminalErrors: Counter;
  readonly #panics: Counter;
  readonly #timeouts: Counter;
  readonly #durations: Histogram;
  readonly #active: Gauge;
  /** Keys whose running reconcile has reported a failure. */
  readonly #failing = new Set<string>();
  readonly #registry: Registry;
  readonly #labels: { readonly controller: string; readonly name: string };

  /**
   * @param controller the lower-case kind; also the queue's name
   */
  constructor(registry: Registry, controller: string, concurrency: number) {
    this.#registry = registry;
    this.#labels = { controller, name: controller };
    const counter = (suffix: string, help: string, labelNames: string[] = []): Counter =>
      new Counter({
        name: `controller_runtime_${suffix}`,
        help,
        labelNames: ["controller", ...labelNames],
        registers: [registry],
      });
    this.#reconciles = counter("reconcile_total", "Reconciles by result: success, error, requeue, requeue_after.", [
      "result",
    ]);
    for (const result of RESULTS) this.#reconciles.inc({ controller, result }, 0);
    this.#errors = counter("reconcile_errors_total", "Reconciles that ended in an error.");
    this.#terminalErrors = counter(
      "terminal_reconcile_errors_total",
      "Reconciles with an error that only a change of the spec can resolve.",
    );
    this.#panics = counter("reconcile_panics_total", "Reconciles that raised an unexpected error, which is a bug.");
    this.#timeouts = counter("reconcile_timeouts_total", "Reconciles that exceeded their timeout.");
    for (const started of [this.#errors, this.#terminalErrors, this.#panics, this.#timeouts])
      started.inc({ controller }, 0);
    this.#durations = new Histogram({
      name: "controller_runtime_reconcile_time_seconds",
      help: "How long reconciles took.",
      labelNames: ["controller"],
      buckets: RECONCILE_SECONDS,
      registers: [registry],
    });
    this.#active = this.#gauge("controller_runtime_active_workers", "Running reconciles.");
    this.#active.set({ controller }, 0);
    this.#gauge(
      "controller_runtime_max_concurrent_reconciles",
      "Maximum number of concurrent reconciles (--concurrency).",
    ).set({ controller }, concurrency);
    this.workerObserver = this.#observeWorkers();
    this.queueObserver = this.#observeQueue();
  }

  /** Records a failure of the key's running reconcile, whatever requeue it returns. */
  failed(key: string, isTerminal: boolean): void {
    this.#failing.add(key);
    if (isTerminal) this.#terminalErrors.inc({ controller: this.#labels.controller });
  }

  /** Registers gauges of the current state of the queues: one for each shard that this process holds. */
  watchQueues(queues: () => readonly WorkQueue[]): void {
    const { controller, name } = this.#labels;
    const labelNames = ["name", "controller"];
    const registers = [this.#registry];
    const workedMs = (): readonly number[] =>
      queues().flatMap((queue) => queue.running().map((running) => running.workedMs));
    new Gauge({
      name: "workqueue_depth",
      help: "Keys ready to be reconciled, by priority: 50 edits that narrow, 0 changes, -50 changes found by a list, -60 creations, -65 creations found by a list, -70 changes of a class, -75 drift found by a scan, -100 resyncs.",
      labelNames: [...labelNames, "priority"],
      registers,
      collect(): void {
        this.reset();
        this.set({ name, controller, priority: "0" }, 0);
        for (const queue of queues())
          for (const [priority, depth] of queue.depths())
            this.inc({ name, controller, priority: String(priority) }, depth);
      },
    });
    new Gauge({
      name: "workqueue_unfinished_work_seconds",
      help: "Total time spent so far on running reconciles.",
      labelNames,
      registers,
      collect(): void {
        this.set({ name, controller }, workedMs().reduce((sum, ms) => sum + ms, 0) / 1_000);
      },
    });
    new Gauge({
      name: "workqueue_longest_running_processor_seconds",
      help: "Age of the longest-running reconcile.",
      labelNames,
      registers,
      collect(): void {
        this.set({ name, controller }, Math.max(0, ...workedMs()) / 1_000);
      },
    });
  }

  #observeWorkers(): WorkerObserver {
    const { controller } = this.#labels;
    return {
      runStarted: () => this.#active.inc({ controller }),
      runEnded: (key, result, durationMs) => {
        this.#active.dec({ controller });
        this.#durations.observe({ controller }, durationMs / 1_000);
        if (result === "failed") this.#panics.inc({ controller });
        if (result === "timedOut") this.#timeouts.inc({ controller });
        const label = this.#failing.delete(key) ? "error" : labelOf(result);
        if (label === "error") this.#errors.inc({ controller });
        this.#reconciles.inc({ controller, result: label });
      },
    };
  }

  #observeQueue(): QueueObserver {
    const labels = this.#labels;
    const labelNames = ["name", "controller"];
    const registers = [this.#registry];
    const adds = new Counter({ name: "workqueue_adds_total", help: "Keys added.", labelNames, registers });
    const retries = new Counter({
      name: "workqueue_retries_total",
      help: "Keys requeued after a failure.",
      labelNames,
      registers,
    });
    for (const counter of [adds, retries]) counter.inc(labels, 0);
    const buckets = QUEUE_SECONDS;
    const queued = new Histogram({
      name: "workqueue_queue_duration_seconds",
      help: "How long keys were ready before they were taken.",
      labelNames,
      buckets,
      registers,
    });
    const worked = new Histogram({
      name: "workqueue_work_duration_seconds",
      help: "How long reconciles of a key took.",
      labelNames,
      buckets,
      registers,
    });
    return {
      added: () => adds.inc(labels),
      retried: () => retries.inc(labels),
      taken: (_key, queuedMs) => queued.observe(labels, queuedMs / 1_000),
      finished: (_key, workedMs) => worked.observe(labels, workedMs / 1_000),
    };
  }

  #gauge(name: string, help: string): Gauge {
    return new Gauge({ name, help, labelNames: ["controller"], registers: [this.#registry] });
  }
}

/** Maps a result to controller-runtime's label. `backoff` is an error there: it is what a returned error leads to. */
function labelOf(result: RunResult): (typeof RESULTS)[number] {
  switch (result) {
    case "done":
      return "success";
    case "after":
      return "requeue_after";
    default:
      return "error";
  }
}
