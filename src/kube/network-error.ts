import { RetryableError } from "../errors.ts";

/** The request exceeded its time limit. */
export class RequestTimeoutError extends Error {
  constructor(timeoutMs: number) {
    super(`no response within ${timeoutMs / 1_000} s`);
    this.name = "RequestTimeoutError";
  }
}

const TIMEOUT_CODES: ReadonlySet<string> = new Set([
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
  "ETIMEDOUT",
]);

/** Errors of a kept-alive connection that the server closed while it was being reused. */
const CLOSED_CODES: ReadonlySet<string> = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);

/** Returns true if the connection can be dead without having reported it. */
export function isTimeout(error: unknown): boolean {
  return error instanceof RequestTimeoutError || TIMEOUT_CODES.has(codeOf(error) ?? "");
}

/** Returns true if a retry is likely to help and, for a read, is harmless. */
export function isClosedConnection(error: unknown): boolean {
  return CLOSED_CODES.has(codeOf(error) ?? "");
}

/** Converts a failure between the controller and the server to an error with a stable message. */
export function toNetworkError(error: unknown, server: string): RetryableError {
  const why = codeOf(error) ?? (error instanceof Error ? error.message : String(error));
  return new RetryableError(`Cannot reach the API server at ${server}: ${why}`, {
    reason: isTimeout(error) ? "Timeout" : "Unreachable",
    cause: error,
  });
}

/** Converts a failure to read the credentials. */
export function toCredentialsError(error: unknown): RetryableError {
  // A syntax error quotes its input: an exec plugin's output, with the token.
  if (error instanceof SyntaxError) {
    return new RetryableError("Cannot read the credentials for the API server: the exec plugin did not print JSON", {
      reason: "CredentialsUnavailable",
    });
  }
  const why = error instanceof Error ? error.message.slice(0, 300) : String(error);
  return new RetryableError(`Cannot read the credentials for the API server: ${why}`, {
    reason: "CredentialsUnavailable",
    cause: error,
  });
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: unknown };
  return typeof code === "string" ? code : codeOf(cause);
}
