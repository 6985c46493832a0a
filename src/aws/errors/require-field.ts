import { type ControllerError, RetryableError } from "../../errors.ts";
import type { AwsCallSubject } from "./aws-errors.ts";

/**
 * What a successful reply must hold. A reply without it is no answer: some proxy's page parses as an empty reply, and
 * "nothing there" must never be read into that.
 *
 * Errors: RetryableError `UnexpectedReply`.
 */
export function expected<T>(value: T | undefined, name: string, subject: AwsCallSubject): T {
  if (value !== undefined) return value;
  throw unexpectedReply(`the reply has no ${name}`, subject);
}

/** A success by HTTP status that says something AWS would not say. */
export function unexpectedReply(what: string, subject: AwsCallSubject): ControllerError {
  const message = `${subject.operation} on ${subject.entity}: ${what}; is something other than AWS answering?`;
  return new RetryableError(message, { reason: "UnexpectedReply" });
}
