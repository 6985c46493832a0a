import type { Clock } from "../runtime/clock.ts";
import type { Exchange, KubeRequest, KubeResponse } from "./exchange.ts";

/** Options for resending requests. */
export interface ResendOptions {
  readonly clock: Clock;
  /** Called before each resend; must not throw. */
  readonly onResend?: (request: KubeRequest, statusCode: number) => void;
  /** Checked before a write is resent, because leadership can be lost during the wait. False returns the rejection. */
  readonly mayResendWrites?: () => boolean;
}

const MAX_RESENDS = 4;
const MIN_WAIT_MS = 1_000;
/** Longer waits are left to the work queue. */
const MAX_WAIT_MS = 10_000;

/**
 * Resends a request that the server rejected for overload, after the time in Retry-After. A short overload then costs a wait
 * and not a whole reconcile with its AWS requests.
 *
 * Only where that is safe: 429 means that nothing was done (API Priority and Fairness rejects before it acts), so it applies
 * to all requests; after 5xx only reads are resent. Watches and Leases have their own retries.
 */
export function resendOnRetryAfter(exchange: Exchange, options: ResendOptions): Exchange {
  const { clock, onResend, mayResendWrites = () => true } = options;
  return async (request) => {
    for (let resends = 0; ; resends++) {
      const response = await exchange(request);
      const waitMs = resends < MAX_RESENDS ? waitFor(request, response) : undefined;
      if (waitMs === undefined) return response;
      await clock.sleep(waitMs, request.signal);
      if (request.method !== "GET" && !mayResendWrites()) return response;
      onResend?.(request, response.statusCode);
    }
  };
}

/** Returns the wait before the request is resent, ms; undefined if the response is final. */
function waitFor({ lane, method }: KubeRequest, response: KubeResponse): number | undefined {
  if (lane !== "api" || response.kind !== "json" || response.retryAfterMs === undefined) return undefined;
  const { statusCode, retryAfterMs } = response;
  const isSafe = statusCode === 429 || (statusCode >= 500 && method === "GET");
  return isSafe && retryAfterMs <= MAX_WAIT_MS ? Math.max(MIN_WAIT_MS, retryAfterMs) : undefined;
}

/** Parses a Retry-After header to ms: seconds or a date (https://www.rfc-editor.org/rfc/rfc9110#field.retry-after). */
export function retryAfterMsOf(header: string | readonly string[] | undefined, nowMs: number): number | undefined {
  const value = typeof header === "string" ? header : header?.[0];
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1_000;
  const atMs = Date.parse(value);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}
