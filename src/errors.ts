import { messageText } from "./text/message.ts";

/**
 * What a failure asks of the controller, decided once, where the failure enters (`aws/`, `kube/`, `api/`):
 * - `terminal`: the spec must change; nothing else helps.
 * - `blocked`: a person must change something other than the spec; look again slowly.
 * - `conflict`: the world moved under us; observe anew soon.
 * - `throttled`: slow down; it is nobody's fault.
 * - `retryable`: probably passing. Anything unknown belongs here.
 */
export type Disposition = "terminal" | "blocked" | "conflict" | "throttled" | "retryable";

/** Longer messages are cut: other sides repeat in them what they were sent. */
const MAX_MESSAGE_CHARS = 16_384;

/** What every error carries besides its message. */
export interface ErrorDetails {
  /** CamelCase; shown as the condition's reason. Stable for as long as the cause is the same. */
  readonly reason: string;
  readonly cause?: unknown;
  /** What the other side asked us to wait, when it said so. */
  readonly retryAfterMs?: number;
  /** What the other side calls the request that failed, for whoever has to ask there: for the log alone. */
  readonly requestId?: string;
}

/**
 * A failure with a disposition. The message is shown to users in conditions, so it names the object, says why and what to
 * do, and carries nothing that changes from one attempt to the next (no request ids, no times). Names and words of others
 * in it are made printable here, and the credentials of URLs are taken out.
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
}

/** The spec must change before trying again makes sense. */
export class TerminalError extends ControllerError {
  readonly disposition = "terminal";
}

/** Someone must change something outside the spec: a permission, a quota, an unowned role. */
export class BlockedError extends ControllerError {
  readonly disposition = "blocked";
}

/** What was read is no longer true; a fresh look decides anew. */
export class ConflictError extends ControllerError {
  readonly disposition = "conflict";
}

/** The other side asked for fewer requests. */
export class ThrottledError extends ControllerError {
  readonly disposition = "throttled";
}

/** Trouble that is likely to pass: network, 5xx, and everything nobody has classified. */
export class RetryableError extends ControllerError {
  readonly disposition = "retryable";
}

/**
 * True for EC2's refusal of an instance profile that it does not know yet, or not yet with its role: right after the profile
 * was made that is to be waited for, and no failure.
 */
export function isPropagating(error: unknown): boolean {
  return error instanceof ControllerError && error.reason === "InstanceProfileNotYetUsable";
}

/** The disposition of anything thrown; what is not ours is `retryable`, never guessed terminal. */
export function dispositionOf(error: unknown): Disposition {
  return error instanceof ControllerError ? error.disposition : "retryable";
}
