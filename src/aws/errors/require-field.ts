import { type ControllerError, RetryableError } from "../../errors.ts";
import type { AwsCallSubject } from "./aws-errors.ts";

/**
 * Returns a field that a successful reply must have. A proxy's page can parse as an empty reply, which must never be read as
 * "does not exist".
 *
 * Errors: RetryableError `UnexpectedReply`.
 */
export function requireField<T>(value: T | undefined, name: string, subject: AwsCallSubject): T {
  if (value !== undefined) return value;
  throw unexpectedReply(`the reply has no ${name}`, subject);
}

/** Creates the error for a successful reply with content that AWS would not send. */
export function unexpectedReply(what: string, subject: AwsCallSubject): ControllerError {
  const message = `${subject.operation} on ${subject.entity}: ${what}. Check whether a proxy answers instead of AWS.`;
  return new RetryableError(message, { reason: "UnexpectedReply" });
}
