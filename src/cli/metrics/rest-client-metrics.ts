import { Counter, Histogram, type Registry } from "prom-client";
import type { TransportOptions } from "../../kube/transport.ts";
import type { Clock } from "../../runtime/clock.ts";

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
