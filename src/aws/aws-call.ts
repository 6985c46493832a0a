import type { ControllerError } from "../errors.ts";
import { RetryableError } from "../errors.ts";
import { type AwsCallSubject, CallTimeoutError, networkCodeOf, toControllerError, wireCodeOf } from "./aws-errors.ts";
import type { AwsClientOptions } from "./client-config.ts";

/** One call: its subject and what is special about it. */
export interface AwsCall<Reply> extends AwsCallSubject {
  /** Sends the request with the SDK; called again only where `isRead`. */
  readonly send: (signal: AbortSignal) => Promise<Reply>;
  /** What NoSuchEntity means here; without it NoSuchEntity is a ConflictError. */
  readonly whenNoSuchEntity?: () => Reply;
  /** Safe to send again: a connection that the other side closed while idle is not worth a failed reconcile. */
  readonly isRead?: boolean;
}

/**
 * Makes one call within its time limit and reports it.
 *
 * Errors: a ControllerError by {@link toControllerError}; the signal's reason when the signal was aborted.
 */
export type AwsCaller = <Reply>(call: AwsCall<Reply>, signal: AbortSignal) => Promise<Reply>;

const DEFAULT_CALL_TIMEOUT_MS = 10_000;

/** The one way in which this adapter calls AWS. */
export function createAwsCaller(options: Pick<AwsClientOptions, "clock" | "callTimeoutMs" | "onCall">): AwsCaller {
  const timeoutMs = options.callTimeoutMs ?? DEFAULT_CALL_TIMEOUT_MS;

  const attempt = async <Reply>(call: AwsCall<Reply>, signal: AbortSignal): Promise<Reply> => {
    const startMs = options.clock.monotonicMs();
    const report = (code?: string): void =>
      options.onCall?.({
        service: call.service,
        operation: call.operation,
        durationMs: options.clock.monotonicMs() - startMs,
        ...(code === undefined ? {} : { code }),
      });
    try {
      const reply = await call.send(signal);
      report();
      return reply;
    } catch (error) {
      report(wireCodeOf(error) ?? toControllerError(signal.aborted ? signal.reason : error, call).reason);
      throw error;
    }
  };

  return async (call, signal) => {
    signal.throwIfAborted();
    const deadline = startDeadline(options.clock, timeoutMs, signal);
    try {
      return await Promise.race([withResend(call, (c) => attempt(c, deadline.signal)), deadline.passed]);
    } catch (error) {
      signal.throwIfAborted();
      if (call.whenNoSuchEntity !== undefined && wireCodeOf(error) === "NoSuchEntity") return call.whenNoSuchEntity();
      throw toControllerError(deadline.signal.aborted ? deadline.signal.reason : error, call);
    } finally {
      deadline.cancel();
    }
  };
}

async function withResend<Reply>(
  call: AwsCall<Reply>,
  attempt: (call: AwsCall<Reply>) => Promise<Reply>,
): Promise<Reply> {
  try {
    return await attempt(call);
  } catch (error) {
    const code = networkCodeOf(error);
    if (call.isRead !== true || (code !== "ECONNRESET" && code !== "EPIPE")) throw error;
    return attempt(call);
  }
}

interface Deadline {
  /** Aborted by the caller's signal or when time is up. */
  readonly signal: AbortSignal;
  /** Rejects as soon as `signal` aborts: the SDK looks at signals only while it waits for the network. */
  readonly passed: Promise<never>;
  readonly cancel: () => void;
}

function startDeadline(clock: AwsClientOptions["clock"], timeoutMs: number, outer: AbortSignal): Deadline {
  const controller = new AbortController();
  const onOuterAbort = (): void => controller.abort(outer.reason);
  outer.addEventListener("abort", onOuterAbort, { once: true });
  const timer = clock.schedule(timeoutMs, () => controller.abort(new CallTimeoutError(timeoutMs)));
  const passed = new Promise<never>((_, reject) => {
    controller.signal.addEventListener("abort", () => reject(controller.signal.reason), { once: true });
  });
  return {
    signal: controller.signal,
    passed,
    cancel: () => {
      timer.cancel();
      outer.removeEventListener("abort", onOuterAbort);
    },
  };
}

/**
 * What a successful reply must hold. A reply without it is no answer: some proxy's page parses as an empty reply, and
 * "nothing there" must never be read into that.
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
