import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { InstanceProfileStatus } from "../../api/instance-profile.ts";
import type { CallLimiter } from "../../aws/call/call-limiter.ts";
import type { AwsCallReport, AwsClientOptions } from "../../aws/client/client-config.ts";
import type { ResultObserver } from "../../controller/reconcile/result-observer.ts";
import type { AccountQuotas } from "../../model/account-quotas.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { ElectionObserver } from "../../runtime/election/leader-election-options.ts";
import type { ReflectorObserver } from "../../runtime/watch/reflector-options.ts";
import type { ObjectCache } from "../../runtime/watch/store.ts";
import { REVISION } from "../version.ts";
import { limiterMetrics } from "./limiter-metrics.ts";
import { quotaMetrics } from "./scan-metrics.ts";

/** What only this controller has starts so. */
const PREFIX = "instance_profile_controller";
/** IAM answers in tens to hundreds of ms, and in seconds when it is asked too much. */
const AWS_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The process's metrics besides those of queue, reconciles and requests to the API server: AWS, watch, objects, build. */
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
    this.#awsRequests = this.#counter("aws_requests_total", "Requests to AWS; code is AWS's, OK when it succeeded.", [
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
      "Passes that found AWS other than the spec asks though it had been as it asks, and nobody had changed the spec.",
      [],
    );
    this.#drifts.inc(0);
    this.#repairs = this.#counter(
      "drift_repaired_total",
      "Passes that wrote AWS though nobody had changed the spec.",
      [],
    );
    this.#repairs.inc(0);
    this.#gaveUps = this.#counter(
      "not_converging_total",
      "Objects that are not written any more, because the same writes were made again and again in vain.",
      [],
    );
    this.#gaveUps.inc(0);
    this.#writes = this.#counter("aws_writes_total", "Planned writes to AWS that succeeded.", []);
    this.#writes.inc(0);
    const built = this.#gauge("build_info", "Always 1; the labels tell what was built.", ["version", "revision"]);
    built.set({ version, revision: REVISION }, 1);
  }

  /** For the AWS clients of one account, and the limiter that they share. */
  watchAws(account: string, limiter: CallLimiter): Pick<AwsClientOptions, "onCall" | "onTurn"> {
    return {
      onCall: ({ service, operation, code = "OK", durationMs }: AwsCallReport): void => {
        this.#awsRequests.inc({ service, operation, code });
        this.#awsDurations.observe({ service, operation }, durationMs / 1_000);
      },
      onTurn: this.#limiters(account, limiter),
    };
  }

  /** For what a way into an account has learnt of its quotas. */
  watchQuotas(account: string, quotas: () => AccountQuotas | undefined): void {
    this.#quotas(account, quotas);
  }

  /** For the election on the lease of this name: client-go's metrics. */
  election(name: string): ElectionObserver {
    const registers = [this.registry];
    const labelNames = ["name"];
    const help = "1 while this process leads.";
    const status = new Gauge({ name: "leader_election_master_status", help, labelNames, registers });
    const slowPaths = new Counter({
      name: "leader_election_slowpath_total",
      help: "Renewals that had to read the lease first.",
      labelNames,
      registers,
    });
    slowPaths.inc({ name }, 0);
    return {
      leading: (isLeading) => status.set({ name }, isLeading ? 1 : 0),
      slowPath: () => slowPaths.inc({ name }),
    };
  }

  /** For the results of reconciles; `failed` goes on to the controller's own metrics. */
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

  /** For the watch of one kind. */
  watch(kind: string): ReflectorObserver {
    const lists = this.#counter("list_total", "Complete lists taken.", ["kind"]);
    const reconnects = this.#counter("watch_reconnects_total", "Watches that ended, by reason.", ["kind", "reason"]);
    const last = this.#gauge("last_event_timestamp_seconds", "When the watch last said anything.", ["kind"]);
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

  /** Shows the cache at each scrape: how many objects, and how many of them stand how. No names: labels must stay few. */
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
      help: "Objects by condition and its status.",
      labelNames: ["kind", "condition", "status"],
      registers,
      collect(): void {
        this.reset();
        for (const object of cache().list()) {
          const { conditions = [] } = (object["status"] ?? {}) as InstanceProfileStatus;
          for (const { type, status } of conditions) this.inc({ kind, condition: type, status });
        }
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
