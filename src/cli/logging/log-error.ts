import { ControllerError } from "../../errors.ts";

/** Causes of causes beyond this say nothing new. */
const MAX_CAUSES = 3;

/** An error as the log shows it. */
interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly reason?: string;
  readonly requestId?: string;
  readonly stack?: string;
  readonly cause?: LoggedError;
}

/**
 * An error as fields of a log line: what it is, what it says, its code and its causes. Nothing else that hangs on it, for
 * libraries hang requests with their headers on errors. The stack only of what nobody expected.
 */
export function loggedError(error: unknown): unknown {
  return error instanceof Error ? fieldsOf(error, 0) : error;
}

function fieldsOf(error: Error, depth: number): LoggedError {
  const { name, message, stack, cause } = error;
  const { code } = error as { readonly code?: unknown };
  const isExpected = error instanceof ControllerError;
  return {
    type: name,
    message,
    ...(typeof code === "string" && { code }),
    ...(isExpected && { reason: error.reason }),
    ...(isExpected && error.requestId !== undefined && { requestId: error.requestId }),
    ...(!isExpected && depth === 0 && stack !== undefined && { stack }),
    ...(cause instanceof Error && depth < MAX_CAUSES && { cause: fieldsOf(cause, depth + 1) }),
  };
}
