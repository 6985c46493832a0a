import { type AwsCallSubject, networkCodeOf, toControllerError, wireCodeOf } from "./aws-errors.ts";
import type { AwsClientOptions } from "./client-config.ts";
import { startDeadline } from "./deadline.ts";

/** One call: its subject and what is special about it. */
interface AwsCall<Reply> extends AwsCallSubject {
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

type CallerOptions = Pick<AwsClientOptions, "clock" | "callTimeoutMs" | "onCall">;

const DEFAULT_CALL_TIMEOUT_MS = 10_000;

/** The one way in which this adapter calls AWS. */
export function createAwsCaller(options: CallerOptions): AwsCaller {
  const timeoutMs = options.callTimeoutMs ?? DEFAULT_CALL_TIMEOUT_MS;
  return async (call, signal) => {
    signal.throwIfAborted();
    const deadline = startDeadline(options.clock, timeoutMs, signal);
    try {
      return await Promise.race([withResend(call, () => reported(call, deadline.signal, options)), deadline.passed]);
    } catch (error) {
      signal.throwIfAborted();
      if (call.whenNoSuchEntity !== undefined && wireCodeOf(error) === "NoSuchEntity") return call.whenNoSuchEntity();
      throw toControllerError(deadline.signal.aborted ? deadline.signal.reason : error, call);
    } finally {
      deadline.cancel();
    }
  };
}

/** Sends one request and reports how it ended, also when nobody waits for it any longer. */
async function reported<Reply>(call: AwsCall<Reply>, signal: AbortSignal, options: CallerOptions): Promise<Reply> {
  const startMs = options.clock.monotonicMs();
  const { service, operation } = call;
  const report = (outcome: { readonly code?: string }): void =>
    options.onCall?.({ service, operation, durationMs: options.clock.monotonicMs() - startMs, ...outcome });
  const reply = await call.send(signal).catch((error: unknown) => {
    report({ code: wireCodeOf(error) ?? (signal.aborted ? "Aborted" : toControllerError(error, call).reason) });
    throw error;
  });
  report({});
  return reply;
}

async function withResend<Reply>(call: AwsCall<Reply>, attempt: () => Promise<Reply>): Promise<Reply> {
  try {
    return await attempt();
  } catch (error) {
    const code = networkCodeOf(error);
    if (call.isRead !== true || (code !== "ECONNRESET" && code !== "EPIPE")) throw error;
    return attempt();
  }
}
