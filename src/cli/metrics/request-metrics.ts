import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { CallLimiter, LimiterWait } from "../../aws/call/call-limiter.ts";
import type { TransportOptions } from "../../kube/transport.ts";
import type { Clock } from "../../runtime/clock.ts";

/** Buckets for the wait: none without a queue, seconds behind one. */
const WAIT_SECONDS = [0.001, 0.01, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * Registers the metrics of the rate limiters of AWS accounts. Returns a function that adds an account's limiter, called once
 * even if several clients share it, and returns the observer of its waits and a function that removes the limiter again.
 */
export function limiterMetrics(
  registry: Registry,
): (
  account: string | undefined,
  limiter: CallLimiter,
) => { readonly waited: (report: LimiterWait) => void; readonly remove: () => void } {
  const limiters = new Map<string, CallLimiter>();
  const registers = [registry];
  const labelNames = ["account", "service", "kind"];
  const prefix = "instance_profile_controller_aws_limiter";
  new Gauge({
    name: `${prefix}_rate`,
    help: "Current limit of requests to AWS per second: lower than configured while AWS throttles; for EC2, of the slowest action and region.",
    labelNames,
    registers,
    collect(): void {
      this.reset();
      for (const [account, limiter] of limiters)
        for (const { service, kind, perSecond } of limiter.state()) this.set({ account, service, kind }, perSecond);
    },
  });
  new Gauge({
    name: `${prefix}_waiting`,
    help: "Requests to AWS that wait for the rate limiter.",
    labelNames,
    registers,
    collect(): void {
      this.reset();
      for (const [account, limiter] of limiters)
        for (const { service, kind, waiting } of limiter.state()) this.set({ account, service, kind }, waiting);
    },
  });
  const waits = new Histogram({
    name: `${prefix}_wait_seconds`,
    help: "How long requests to AWS waited for the rate limiter, in all accounts; urgency is narrowing, change, bulk or routine.",
    labelNames: ["service", "kind", "urgency"],
    buckets: WAIT_SECONDS,
    registers,
  });
  return (account, limiter) => {
    if (account !== undefined) limiters.set(account, limiter);
    return {
      waited: ({ service, kind, urgency, waitedMs }) => waits.observe({ service, kind, urgency }, waitedMs / 1_000),
      remove: () => void (account !== undefined && limiters.get(account) === limiter && limiters.delete(account)),
    };
  };
}

/** client-go's buckets for requests to the API server, in seconds. */
const SECONDS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];

/** Registers client-go's metrics of requests to the API server. A watch counts once, when it starts. */
export function restClientMetrics(
  registry: Registry,
  clock: Clock,
  host: string,
): Required<Pick<TransportOptions, "intercept" | "onResend">> {
  const registers = [registry];
  const requests = new Counter({
    name: "rest_client_requests_total",
    help: "Requests to the API server; code is <error> without a response. A watch counts once, when it starts.",
    labelNames: ["code", "method", "host"],
    registers,
  });
  const durations = new Histogram({
    name: "rest_client_request_duration_seconds",
    help: "How long the API server took to respond; to a watch, until it started.",
    labelNames: ["verb", "host"],
    buckets: SECONDS,
    registers,
  });
  const retries = new Counter({
    name: "rest_client_request_retries_total",
    help: "Requests that were retried because the API server requested it.",
    labelNames: ["code", "verb", "host"],
    registers,
  });
  return {
    intercept: (next) => async (request) => {
      const startMs = clock.monotonicMs();
      let code = "<error>";
      try {
        const response = await next(request);
        code = String(response.statusCode);
        return response;
      } finally {
        requests.inc({ code, method: request.method, host });
        durations.observe({ verb: request.method, host }, (clock.monotonicMs() - startMs) / 1_000);
      }
    },
    onResend: ({ method }, statusCode) => retries.inc({ code: String(statusCode), verb: method, host }),
  };
}
