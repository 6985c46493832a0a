import type { Clock } from "../runtime/clock.ts";
import type { Exchange, KubeRequest, KubeResponse } from "./exchange.ts";

/** What of the resending can be chosen. */
export interface ResendOptions {
  readonly clock: Clock;
  /** Told of each request before it is sent again; must not throw. */
  readonly onResend?: (request: KubeRequest, statusCode: number) => void;
  /** Asked when a write's wait is over: false makes the refusal its answer. Whoever waited may no longer be the leader. */
  readonly mayResendWrites?: () => boolean;
}

const maxResends = 4;
const minWaitMs = 1_000;
/** Whoever is asked to wait longer has something better to do meanwhile. */
const maxWaitMs = 10_000;

/**
 * Sends again, after the time that the server asks for, what it has refused for want of capacity. So a busy moment of the
 * API server costs a wait rather than a whole pass with all of its reads of AWS.
 *
 * Only where that is safe: 429 says that nothing was done (API Priority and Fairness refuses before it acts), so it is for
 * all requests; after 5xx only reads are sent again. Not watches and leases, which have a rhythm of their own.
 */
export function resendWhenAsked(exchange: Exchange, options: ResendOptions): Exchange {
  const { clock, onResend, mayResendWrites = () => true } = options;
  return async (request) => {
    for (let resends = 0; ; resends++) {
      const response = await exchange(request);
      const waitMs = resends < maxResends ? waitFor(request, response) : undefined;
      if (waitMs === undefined) return response;
      await clock.sleep(waitMs, request.signal);
      if (request.method !== "GET" && !mayResendWrites()) return response;
      onResend?.(request, response.statusCode);
    }
  };
}

/** How long to wait before the request is sent again, ms; undefined when its answer is final. */
function waitFor({ lane, method }: KubeRequest, response: KubeResponse): number | undefined {
  if (lane !== "api" || response.kind !== "json" || response.retryAfterMs === undefined) return undefined;
  const { statusCode, retryAfterMs } = response;
  const isSafe = statusCode === 429 || (statusCode >= 500 && method === "GET");
  return isSafe && retryAfterMs <= maxWaitMs ? Math.max(minWaitMs, retryAfterMs) : undefined;
}
