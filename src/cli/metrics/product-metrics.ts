import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { InstanceProfileStatus } from "../../api/instance-profile.ts";
import type { CallLimiter } from "../../aws/call/call-limiter.ts";
import type { AwsCallReport, AwsClientOptions } from "../../aws/client/client-config.ts";
import { type EventQueueObserver, MESSAGE_RESULTS } from "../../controller/drift/event-queue-loop.ts";
import type { ResultObserver } from "../../controller/reconcile/telemetry.ts";
import type { AccountQuotas } from "../../model/account-quotas.ts";
import { DAY_MS } from "../../plan/usage/role-use.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { ElectionObserver } from "../../runtime/election/leader-election-options.ts";
import type { ReflectorObserver } from "../../runtime/watch/reflector-options.ts";
import type { ObjectCache } from "../../runtime/watch/store.ts";
import { REVISION } from "../version.ts";
import { quotaMetrics } from "./account-metrics.ts";
import { limiterMetrics } from "./request-metrics.ts";

/** Prefix of the metrics that are specific to this controller. */
const PREFIX = "instance_profile_controller";
/** IAM answers in tens to hundreds of ms, and in seconds while it throttles. */
const AWS_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The metrics of AWS requests, watches, objects and the build. Queue, reconciles and API server requests have their own. */
export class ProductMetrics {
  readonly registry: Registry = new Registry();
  readonly #awsRequests: Counter;
  readonly #awsDurations: Histogram;
  readonly #drifts: Counter;
  readonly #repairs: Counter;
  readonly #writes: Counter;
  readonly #gaveUps: Counter;
  readonly #limiters: ReturnType<typeof limiterMetrics>;
  readonly #quotas: ReturnType<typeof quotaMetrics>;
  readonly #clock: Clock;

  constructor(clock: Clock, version: string) {
    this.#clock = clock;
    collectDefaultMetrics({ register: this.registry });
    this.#limiters = limiterMetrics(this.registry);
    this.#quotas = quotaMetrics(this.registry);
    this.#awsRequests = this.#counter("aws_requests_total", "Requests to AWS; code is the AWS error code, or OK.", [
      "service",
      "operation",
      "code",
    ]);
    this.#awsDurations = new Histogram({
      name: `${PREFIX}_aws_request_duration_seconds`,
      help: "How long requests to AWS took.",
      labelNames: ["service", "operation"],
      buckets: AWS_SECONDS,
      registers: [this.registry],
    });
    this.#drifts = this.#counter(
      "drift_found_total",
      "Reconciles that found drift: AWS was in sync before and the spec did not change.",
      [],
    );
    this.#drifts.inc(0);
    this.#repairs = this.#counter(
      "drift_repaired_total",
      "Reconciles that repaired drift: they wrote to AWS although the spec did not change.",
      [],
    );
    this.#repairs.inc(0);
    this.#gaveUps = this.#counter(
      "not_converging_total",
      "Objects that the controller stopped writing because the same writes had no lasting effect.",
      [],
    );
    this.#gaveUps.inc(0);
    this.#writes = this.#counter("aws_writes_total", "Planned writes to AWS that succeeded.", []);
    this.#writes.inc(0);
    const built = this.#gauge("build_info", "Always 1; the labels identify the build.", ["version", "revision"]);
    built.set({ version, revision: REVISION }, 1);
  }

  /** Reports whether the process runs with `--dry-run`. */
  reportDryRun(isDryRun: boolean): void {
    this.#gauge("dry_run", "1 if the process runs with --dry-run and writes nothing to AWS, else 0.", []).set(
      +isDryRun,
    );
  }

  /**
   * Returns the observers for the AWS clients of one account and the limiter that they share, and `remove`, which ends its gauges. An
   * account that this process does not have is undefined, and has no gauges.
   */
  watchAws(
    account: string | undefined,
    limiter: CallLimiter,
  ): Pick<AwsClientOptions, "onCall" | "onLimiterWait"> & { readonly remove: () => void } {
    const { waited, remove } = this.#limiters(account, limiter);
    return {
      remove,
      onCall: ({ service, operation, code = "OK", durationMs }: AwsCallReport): void => {
        this.#awsRequests.inc({ service, operation, code });
        this.#awsDurations.observe({ service, operation }, durationMs / 1_000);
      },
      onLimiterWait: waited,
    };
  }

  /** Adds the quotas of an account connection; returns the function that removes them. */
  watchQuotas(account: string | undefined, quotas: () => AccountQuotas | undefined): () => void {
    return account === undefined ? () => {} : this.#quotas(account, quotas);
  }

  /** Returns the observers for the elections on the Leases by name; the metrics are those of client-go. Call it once. */
  elections(): (name: string) => ElectionObserver {
    const registers = [this.registry];
    const labelNames = ["name"];
    const help =
      "1 in the leader, 0 in standbys; name is the name of the Lease. With --shards, 1 in the holder of the shard, for each shard.";
    const status = new Gauge({ name: "leader_election_master_status", help, labelNames, registers });
    const slowPaths = new Counter({
      name: "leader_election_slowpath_total",
      help: "Renewals that had to read the Lease first.",
      labelNames,
      registers,
    });
    return (name) => {
      slowPaths.inc({ name }, 0);
      return {
        leading: (isLeading) => status.set({ name }, isLeading ? 1 : 0),
        slowPath: () => slowPaths.inc({ name }),
      };
    };
  }

  /** Returns the observer for the results of reconciles; forwards `failed` to the controller's own metrics. */
  results(failed: NonNullable<ResultObserver["failed"]>): ResultObserver {
    return {
      failed,
      drifted: () => this.#drifts.inc(),
      wrote: (_key, actions, isRepair) => {
        this.#writes.inc(actions);
        if (isRepair) this.#repairs.inc();
      },
      gaveUp: () => this.#gaveUps.inc(),
    };
  }

  /** Returns the observer for the watch of one kind. */
  watch(kind: string): ReflectorObserver {
    const lists = this.#counter(
      "list_total",
      "Complete lists: one at the start, then about every half an hour and after a watch lost its position.",
      ["kind"],
    );
    const reconnects = this.#counter(
      "watch_reconnects_total",
      "Watches that ended: closed, silent, overdue, failed; and what failed: expired, rewound (etcd was restored), unavailable, forbidden and so on.",
      ["kind", "reason"],
    );
    const last = this.#gauge("last_event_timestamp_seconds", "When the last list or watch event arrived.", ["kind"]);
    const lasted = this.#gauge("last_list_duration_seconds", "How long the last complete list took.", ["kind"]);
    const heard = (): void => last.set({ kind }, this.#clock.nowMs() / 1_000);
    lists.inc({ kind }, 0);
    return {
      listed: (_objects, durationMs) => {
        lists.inc({ kind });
        lasted.set({ kind }, durationMs / 1_000);
        heard();
      },
      watchEnded: (reason) => reconnects.inc({ kind, reason }),
      faulted: (reason) => reconnects.inc({ kind, reason }),
      eventReceived: heard,
    };
  }

  /** Registers gauges over the cache: objects, and objects by condition. No label names an object, to bound their number. */
  watchObjects(kind: string, cache: () => ObjectCache): void {
    const registers = [this.registry];
    new Gauge({
      name: `${PREFIX}_cache_objects`,
      help: "Objects in the cache.",
      labelNames: ["kind"],
      registers,
      collect(): void {
        this.set({ kind }, cache().size);
      },
    });
    new Gauge({
      name: `${PREFIX}_resource_condition`,
      help: "Objects by condition and its status; Ready is Unknown for an object without conditions.",
      labelNames: ["kind", "condition", "status"],
      registers,
      collect(): void {
        this.reset();
        for (const [condition, byStatus] of conditionsOf(cache()))
          for (const [status, count] of byStatus) this.set({ kind, condition, status }, count);
      },
    });
  }

  #counter(suffix: string, help: string, labelNames: string[]): Counter {
    return new Counter({ name: `${PREFIX}_${suffix}`, help, labelNames, registers: [this.registry] });
  }

  #gauge(suffix: string, help: string, labelNames: string[]): Gauge {
    return new Gauge({ name: `${PREFIX}_${suffix}`, help, labelNames, registers: [this.registry] });
  }
}

/** The number of objects by condition and status. To look up the labels of a series for each object would block the event loop. */
function conditionsOf(cache: ObjectCache): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const ready = new Map<string, number>(["True", "False", "Unknown"].map((status) => [status, 0]));
  const counts = new Map([["Ready", ready]]);
  const count = (type: string, status: string): void => {
    const byStatus = counts.get(type) ?? new Map<string, number>();
    byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
    counts.set(type, byStatus);
  };
  for (const object of cache.list()) {
    const { conditions = [] } = (object["status"] ?? {}) as InstanceProfileStatus;
    for (const { type, status } of conditions) count(type, status);
    if (conditions.length === 0) count("Ready", "Unknown");
  }
  return counts;
}

/** The label of a last use that is younger than that many days, the shortest first. */
const AGES = [1, 7, 30, 90].map((days) => ({ age: `${days}d`, belowMs: days * DAY_MS }));
const OLDER = "older";
const NEVER = "never";

/** Registers the gauge of objects by the age of the last use of their roles. No label names an object, to bound their number. */
export function lastUseMetrics(registry: Registry, nowMs: () => number, cache: () => ObjectCache): void {
  new Gauge({
    name: "instance_profile_controller_role_last_used",
    help: "Objects with a role by the age of its last use: below 1d, 7d, 30d or 90d, older, or never, if IAM knows none.",
    labelNames: ["age"],
    registers: [registry],
    collect(): void {
      for (const age of [...AGES.map((one) => one.age), OLDER, NEVER]) this.set({ age }, 0);
      for (const object of cache().list()) {
        const { role, lastUsed } = (object["status"] ?? {}) as InstanceProfileStatus;
        if (role?.arn !== undefined) this.inc({ age: ageOf(lastUsed?.time, nowMs()) });
      }
    },
  });
}

function ageOf(lastUsed: string | undefined, nowMs: number): string {
  if (lastUsed === undefined) return NEVER;
  const ageMs = nowMs - Date.parse(lastUsed);
  return AGES.find(({ belowMs }) => ageMs < belowMs)?.age ?? OLDER;
}

const EVENT_QUEUE_PREFIX = `${PREFIX}_event_queue`;
const LAG_SECONDS = [0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900];

/** Registers the metrics of event queues. The label `queue` is the region, the account id and the name of the queue. */
export function eventQueueMetrics(registry: Registry): EventQueueObserver {
  const registers = [registry];
  const messages = new Counter({
    name: `${EVENT_QUEUE_PREFIX}_messages_total`,
    help: "Messages from event queues by result; matched: an object is verified.",
    labelNames: ["queue", "result"],
    registers,
  });
  const reachable = new Gauge({
    name: `${EVENT_QUEUE_PREFIX}_reachable`,
    help: "0 while the controller cannot poll the event queue, so that only account scans find drift.",
    labelNames: ["queue"],
    registers,
  });
  const lags = new Histogram({
    name: `${EVENT_QUEUE_PREFIX}_lag_seconds`,
    help: "The time between a change in AWS and the arrival of its event, of all changes.",
    labelNames: ["queue"],
    buckets: LAG_SECONDS,
    registers,
  });
  return {
    joined(queue) {
      for (const result of MESSAGE_RESULTS) messages.inc({ queue, result }, 0);
    },
    handled(queue, result, lagMs) {
      messages.inc({ queue, result });
      if (lagMs !== undefined) lags.observe({ queue }, lagMs / 1_000);
    },
    reachable: (queue, isReachable) => reachable.set({ queue }, isReachable ? 1 : 0),
    // Classes name queues, so what they no longer name must not stay.
    left(queue) {
      for (const result of MESSAGE_RESULTS) messages.remove({ queue, result });
      reachable.remove({ queue });
      lags.remove({ queue });
    },
  };
}
