import { ControllerError } from "../../errors.ts";

/** Causes nested deeper are not logged. */
const MAX_CAUSES = 3;

/** Log fields of an error. */
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
 * Converts an error to log fields: type, message, code and causes. Other properties are dropped, because libraries attach
 * requests with their headers to errors. Only unexpected errors keep their stack.
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
