import { RetryableError } from "../errors.ts";

/** The request took longer than it may. */
export class RequestTimeoutError extends Error {
  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs / 1_000} s`);
    this.name = "RequestTimeoutError";
  }
}

const timeoutCodes: ReadonlySet<string> = new Set([
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
  "ETIMEDOUT",
]);

/** The other side closed a connection that was kept for reuse, in the moment of its reuse. */
const closedCodes: ReadonlySet<string> = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);

/** True when the connection may be dead without knowing it. */
export function isTimeout(error: unknown): boolean {
  return error instanceof RequestTimeoutError || timeoutCodes.has(codeOf(error) ?? "");
}

/** True when asking once more is likely to help and, for a read, does no harm. */
export function isClosedConnection(error: unknown): boolean {
  return closedCodes.has(codeOf(error) ?? "");
}

/** What went wrong between us and the server, in one stable sentence. */
export function toNetworkError(error: unknown, server: string): RetryableError {
  const why = codeOf(error) ?? (error instanceof Error ? error.message : String(error));
  return new RetryableError(`The API server at ${server} cannot be reached: ${why}`, {
    reason: isTimeout(error) ? "Timeout" : "Unreachable",
    cause: error,
  });
}

/** The credentials for the request could not be had. */
export function toCredentialsError(error: unknown): RetryableError {
  // A syntax error quotes what it could not parse: an exec plugin's output, with its token.
  if (error instanceof SyntaxError) {
    return new RetryableError("The credentials for the API server cannot be read: the exec plugin printed no JSON", {
      reason: "CredentialsUnavailable",
    });
  }
  const why = error instanceof Error ? error.message.slice(0, 300) : String(error);
  return new RetryableError(`The credentials for the API server cannot be read: ${why}`, {
    reason: "CredentialsUnavailable",
    cause: error,
  });
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: unknown };
  return typeof code === "string" ? code : codeOf(cause);
}
