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

/** One invalid field. */
export interface StatusCause {
  /** `FieldValueInvalid`, `FieldValueRequired`, … */
  readonly reason: string;
  readonly message: string;
  /** JSON path of the field. */
  readonly field: string;
}

/** A Status of the API server: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
export interface KubeStatus {
  readonly httpCode: number;
  /** CamelCase; `Unknown` if the server sent none. */
  readonly reason: string;
  readonly message: string;
  readonly causes: readonly StatusCause[];
}

/** A Status of the API server as the cause of a ControllerError. Contains no headers and so no tokens. */
export class KubeStatusError extends Error {
  readonly status: KubeStatus;

  constructor(status: KubeStatus) {
    super(status.message);
    this.name = "KubeStatusError";
    this.status = status;
  }
}

/** Returns the API server's Status behind an error; undefined if the error did not come from it. */
export function statusOf(error: unknown): KubeStatus | undefined {
  if (error instanceof KubeStatusError) return error.status;
  return error instanceof Error && error.cause !== undefined ? statusOf(error.cause) : undefined;
}

/** Parses a Status object, or builds one from another body (proxies send HTML). */
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
 * Converts a response without success to an error. `attempted` is what was requested, as in "patch InstanceProfile ns/name".
 * 404 is a ConflictError: the object existed when the decision was made.
 */
export function toStatusError(
  response: Extract<KubeResponse, { readonly kind: "json" }>,
  attempted: string,
): ControllerError {
  return errorOfStatus(parseStatus(response.statusCode, response.body), attempted, response.retryAfterMs);
}

/** Maps the API server's Status codes to dispositions. No other code does. */
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
  // Priority and Fairness sends 429; an overloaded or starting server sends 503 with Retry-After.
  if (httpCode === 429 || (httpCode >= 500 && retryAfterMs !== undefined)) return new ThrottledError(message, details);
  if (TERMINAL_CODES.has(httpCode)) return new TerminalError(message, details);
  return new RetryableError(message, details);
}

/** Bad request, method, media type, size or content: the same request will be rejected again. */
const TERMINAL_CODES: ReadonlySet<number> = new Set([400, 405, 406, 413, 415, 422]);

function parseCause(cause: unknown): StatusCause {
  const { reason, message, field } = (cause ?? {}) as Readonly<Record<string, unknown>>;
  return { reason: String(reason ?? ""), message: String(message ?? ""), field: String(field ?? "") };
}
