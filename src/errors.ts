import { messageText } from "./text/safe-text.ts";

/**
 * How the controller handles a failure, decided once, where the failure enters (`aws/`, `kube/`, `api/`):
 * - `terminal`: the spec must change.
 * - `blocked`: manual intervention outside the spec is needed; retry slowly.
 * - `conflict`: the observed state changed concurrently; observe again soon.
 * - `throttled`: reduce the request rate.
 * - `retryable`: probably transient. Anything unknown belongs here.
 */
export type Disposition = "terminal" | "blocked" | "conflict" | "throttled" | "retryable";

/** The maximum length of a message: APIs repeat in their messages what they were sent. */
const MAX_MESSAGE_CHARS = 16_384;

/** The details of an error besides its message. */
export interface ErrorDetails {
  /** The reason of the condition, in CamelCase. It must stay the same while the cause is the same. */
  readonly reason: string;
  readonly cause?: unknown;
  /** The delay that the API requests before the next attempt, if any. */
  readonly retryAfterMs?: number;
  /** The id of the failed request, for support cases. It is only logged. */
  readonly requestId?: string;
}

/**
 * A failure with a disposition. Conditions show the message to users, so it must name the object, say why and what to do, and contain
 * nothing that changes between attempts, such as request ids or times. The constructor makes the message printable and removes the
 * credentials of URLs.
 */
export abstract class ControllerError extends Error {
  abstract readonly disposition: Disposition;
  readonly reason: string;
  readonly retryAfterMs: number | undefined;
  readonly requestId: string | undefined;

  constructor(message: string, details: ErrorDetails) {
    super(messageText(message, MAX_MESSAGE_CHARS), details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.reason = details.reason;
    this.retryAfterMs = details.retryAfterMs;
    this.requestId = details.requestId;
  }

  /** Creates the same failure with another message. */
  withMessage(message: string): ControllerError {
    const { reason, retryAfterMs, requestId } = this;
    const SameClass = this.constructor as new (message: string, details: ErrorDetails) => ControllerError;
    return new SameClass(message, {
      reason,
      cause: this,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      ...(requestId !== undefined && { requestId }),
    });
  }
}

/** A failure that persists until the spec changes. */
export class TerminalError extends ControllerError {
  readonly disposition = "terminal";
}

/** A failure that needs manual intervention outside the spec, such as a permission, a quota or an unowned role. */
export class BlockedError extends ControllerError {
  readonly disposition = "blocked";
}

/** The observed state changed concurrently; the next reconcile observes it again. */
export class ConflictError extends ControllerError {
  readonly disposition = "conflict";
}

/** The API throttled the request. */
export class ThrottledError extends ControllerError {
  readonly disposition = "throttled";
}

/** A failure that is probably transient: network errors, 5xx, and everything unclassified. */
export class RetryableError extends ControllerError {
  readonly disposition = "retryable";
}

/**
 * True when EC2 rejected an instance profile that has not propagated yet, or whose role has not. Right after the creation of the profile
 * this is expected and not a failure.
 */
export function isPropagating(error: unknown): boolean {
  return error instanceof ControllerError && error.reason === "InstanceProfileNotYetUsable";
}

/** The disposition of anything thrown. Anything but a ControllerError is `retryable`. */
export function dispositionOf(error: unknown): Disposition {
  return error instanceof ControllerError ? error.disposition : "retryable";
}

/** The reason of a failure in a condition. */
export function reasonOfError(error: unknown): string {
  return error instanceof ControllerError ? error.reason : "UnexpectedError";
}

/** The message of a failure in a condition. */
export function messageOfError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
