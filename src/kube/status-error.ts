import {
  BlockedError,
  ConflictError,
  type ControllerError,
  type ErrorDetails,
  RetryableError,
  TerminalError,
  ThrottledError,
} from "../errors.ts";
import type { KubeResponse } from "./exchange.ts";

/** One field that the server refuses. */
export interface StatusCause {
  /** `FieldValueInvalid`, `FieldValueRequired`, … */
  readonly reason: string;
  readonly message: string;
  /** JSON path of the field. */
  readonly field: string;
}

/** A failure in the API server's own words: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
export interface KubeStatus {
  readonly httpCode: number;
  /** CamelCase; `Unknown` when the server gave none. */
  readonly reason: string;
  readonly message: string;
  readonly causes: readonly StatusCause[];
}

/** What the API server said, as the cause of a ControllerError. Holds no headers, hence no tokens. */
export class KubeStatusError extends Error {
  readonly status: KubeStatus;

  constructor(status: KubeStatus) {
    super(status.message);
    this.name = "KubeStatusError";
    this.status = status;
  }
}

/** The API server's words behind an error; undefined when the error did not come from it. */
export function statusOf(error: unknown): KubeStatus | undefined {
  if (error instanceof KubeStatusError) return error.status;
  return error instanceof Error && error.cause !== undefined ? statusOf(error.cause) : undefined;
}

/** Reads a Status object, or makes one of whatever else came with that code (proxies answer in HTML). */
export function parseStatus(httpCode: number, body: unknown): KubeStatus {
  if (typeof body !== "object" || body === null) {
    const text = typeof body === "string" ? body.trim().slice(0, 200) : "";
    return { httpCode, reason: "Unknown", message: text || `HTTP ${httpCode}`, causes: [] };
  }
  const { code, reason, message, details } = body as {
    readonly code?: unknown;
    readonly reason?: unknown;
    readonly message?: unknown;
    readonly details?: { readonly causes?: unknown };
  };
  return {
    httpCode: typeof code === "number" ? code : httpCode,
    reason: typeof reason === "string" && reason !== "" ? reason : "Unknown",
    message: typeof message === "string" && message !== "" ? message : `HTTP ${httpCode}`,
    causes: Array.isArray(details?.causes) ? details.causes.map(parseCause) : [],
  };
}

/**
 * The error for an answer that is no success. `attempted` says what we wanted, as in "patch InstanceProfile ns/name".
 * 404 is a ConflictError: what was there when we decided is not there now.
 */
export function toStatusError(
  response: Extract<KubeResponse, { readonly kind: "json" }>,
  attempted: string,
): ControllerError {
  return errorOfStatus(parseStatus(response.statusCode, response.body), attempted, response.retryAfterMs);
}

/** The one table from what the API server says to what that asks of us. */
export function errorOfStatus(status: KubeStatus, attempted: string, retryAfterMs?: number): ControllerError {
  const { httpCode } = status;
  const message = `The API server refused to ${attempted} (${httpCode}): ${status.message}`;
  const details: ErrorDetails = {
    reason: status.reason === "Unknown" ? `Http${httpCode}` : status.reason,
    cause: new KubeStatusError(status),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
  if (httpCode === 401 || httpCode === 403) return new BlockedError(message, details);
  if (httpCode === 404 || httpCode === 409 || httpCode === 410) return new ConflictError(message, details);
  // Priority and Fairness says 429; an overloaded or starting server says 503 and for how long.
  if (httpCode === 429 || (httpCode >= 500 && retryAfterMs !== undefined)) return new ThrottledError(message, details);
  if (terminalCodes.has(httpCode)) return new TerminalError(message, details);
  return new RetryableError(message, details);
}

/** Bad request, method, media type, size or content: the same request will be refused again. */
const terminalCodes: ReadonlySet<number> = new Set([400, 405, 406, 413, 415, 422]);

function parseCause(cause: unknown): StatusCause {
  const { reason, message, field } = (cause ?? {}) as Readonly<Record<string, unknown>>;
  return { reason: String(reason ?? ""), message: String(message ?? ""), field: String(field ?? "") };
}
