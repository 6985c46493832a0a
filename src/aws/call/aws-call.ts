import type { Precondition, Urgency } from "../../engine/ports.ts";
import { ControllerError, ThrottledError } from "../../errors.ts";
import type { AwsClientOptions } from "../client/client-config.ts";
import { SERVICE_FAILURE_REASONS } from "../errors/aws-error-codes.ts";
import { type AwsCallSubject, networkCodeOf, toControllerError, wireCodeOf } from "../errors/aws-errors.ts";
import type { CallClass } from "./call-limiter.ts";
import { startDeadline } from "./deadline.ts";

/** One call: its subject and options. */
interface AwsCall<Reply> extends AwsCallSubject {
  /** Sends the request with the SDK; called more than once only if `isRead`, or throttled. */
  readonly send: (signal: AbortSignal) => Promise<Reply>;
  /** Result for NoSuchEntity; without it NoSuchEntity is a ConflictError. */
  readonly whenNoSuchEntity?: () => Reply;
  /** Which limit of the service the call counts against, if it has several of a kind. */
  readonly limit?: string;
  /** Whether the call is safe to resend, for example after the server closed an idle connection. */
  readonly isRead?: boolean;
  /** For each resend of a read that AWS failed with a 5xx, the delay before it. Default: none. */
  readonly resendAfterMs?: readonly number[];
  /** Checked right before each attempt to send; if it raises, nothing is sent and the error is passed on. */
  readonly assertCurrent?: Precondition | undefined;
  /** Overrides the client's `callTimeoutMs`, for operations that take AWS long. */
  readonly timeoutMs?: number;
}

/**
 * Sends one call within the rate limit and its timeout, and reports it. Credentials are fetched before, within a timeout of
 * their own: they are requests to another service, and many accounts renew theirs at the same time. A throttled call was not carried out: it is queued
 * again until its maximum wait is over. A read that AWS failed is sent again after a delay, as often as the call says.
 *
 * Errors: a ControllerError by {@link toControllerError}; the signal's reason when the signal was aborted; errors of
 * `assertMayWrite`.
 */
export type AwsCaller = <Reply>(call: AwsCall<Reply>, signal: AbortSignal) => Promise<Reply>;

type CallerOptions = Pick<
  AwsClientOptions,
  "clock" | "callTimeoutMs" | "credentialsAdvice" | "onCall" | "onLimiterWait" | "limiter" | "assertMayWrite"
> & {
  /** Fetches the credentials, unless they are valid for some minutes. */
  readonly fetchCredentials?: () => Promise<unknown>;
};

const DEFAULT_CALL_TIMEOUT_MS = 10_000;
/** Longer than an AssumeRole can wait for the rate limiter and AWS. */
const CREDENTIALS_TIMEOUT_MS = 45_000;

/** How long a call can wait for the rate limiter each time that it is sent: well within the timeout of a reconcile, which resends nothing. */
const MAX_LIMITER_WAIT_MS = 30_000;

/** If AWS asks for a longer delay before a resend, the call fails. */
const MAX_RESEND_WAIT_MS = 10_000;

/** Creates the function through which this adapter calls AWS. All its calls have the same urgency. */
export function createAwsCaller(options: CallerOptions, urgency: Urgency): AwsCaller {
  return async (call, signal) => {
    await awaitCredentials(call, options, signal);
    for (const delayMs of resendDelaysOf(call)) {
      try {
        return await sendThroughLimiter(call, options, urgency, signal);
      } catch (error) {
        if (!isPassingFailure(error)) throw error;
        await options.clock.sleep(Math.max(delayMs, error.retryAfterMs ?? 0), signal);
      }
    }
    return sendThroughLimiter(call, options, urgency, signal);
  };
}

async function sendThroughLimiter<Reply>(
  call: AwsCall<Reply>,
  options: CallerOptions,
  urgency: Urgency,
  signal: AbortSignal,
): Promise<Reply> {
  const { clock, limiter } = options;
  const deadlineMs = clock.monotonicMs() + MAX_LIMITER_WAIT_MS;
  let throttled: ThrottledError | undefined;
  for (;;) {
    await acquireToken(call, { options, urgency, deadlineMs, throttled }, signal);
    await call.assertCurrent?.(signal);
    const sentAtMs = clock.monotonicMs();
    try {
      return await once(call, options, signal);
    } catch (error) {
      if (!(error instanceof ThrottledError) || limiter === undefined) throw error;
      limiter.throttled(classOf(call), sentAtMs, error.retryAfterMs);
      throttled = error;
    }
  }
}

/** Waits until the credentials for the call are valid. Errors: as the call. */
export async function awaitCredentials(
  call: AwsCallSubject,
  {
    clock,
    fetchCredentials,
    credentialsAdvice,
  }: Pick<CallerOptions, "clock" | "fetchCredentials" | "credentialsAdvice">,
  signal: AbortSignal,
): Promise<void> {
  if (fetchCredentials === undefined) return;
  signal.throwIfAborted();
  const deadline = startDeadline(clock, CREDENTIALS_TIMEOUT_MS, signal);
  try {
    await Promise.race([fetchCredentials(), deadline.passed]);
  } catch (error) {
    signal.throwIfAborted();
    throw toControllerError(error, call, credentialsAdvice);
  } finally {
    deadline.cancel();
  }
}

/** A write is never sent again: it can have been carried out. */
function resendDelaysOf({ isRead, resendAfterMs = [] }: AwsCall<unknown>): readonly number[] {
  return isRead === true ? resendAfterMs : [];
}

/** True when AWS failed, rather than refused, and the same request can succeed a moment later. */
function isPassingFailure(error: unknown): error is ControllerError {
  if (!(error instanceof ControllerError)) return false;
  const { reason, retryAfterMs = 0 } = error;
  return SERVICE_FAILURE_REASONS.has(reason) && retryAfterMs <= MAX_RESEND_WAIT_MS;
}

type LimitedCall = AwsCallSubject & Pick<AwsCall<never>, "isRead" | "limit">;

interface LimiterRequest {
  readonly options: CallerOptions;
  readonly urgency: Urgency;
  /** Monotonic ms until which the call can wait. */
  readonly deadlineMs: number;
  /** The throttling error of the previous attempt. */
  readonly throttled: ThrottledError | undefined;
}

async function acquireToken(call: LimitedCall, request: LimiterRequest, signal: AbortSignal): Promise<void> {
  const { options, urgency, deadlineMs } = request;
  const of = classOf(call);
  const startMs = options.clock.monotonicMs();
  signal.throwIfAborted();
  if (options.limiter !== undefined) {
    const isGranted = await options.limiter.acquire(of, urgency, deadlineMs - startMs, signal);
    options.onLimiterWait?.({ ...of, urgency, waitedMs: options.clock.monotonicMs() - startMs });
    if (!isGranted) throw request.throttled ?? limiterTimeout(call, of);
  }
  // After a long wait this process may no longer be the leader.
  if (of.kind === "write") options.assertMayWrite?.();
}

function limiterTimeout({ service, operation, entity }: AwsCallSubject, { kind }: CallClass): ThrottledError {
  const message =
    `${operation} on ${entity}: the ${kind} waited too long for the rate limit of ${service} requests. The controller retries. ` +
    `If AWS does not throttle, raise --${service === "EC2" ? "ec2" : "iam"}-${kind}-qps.`;
  return new ThrottledError(message, { reason: "Throttled" });
}

function classOf({ service, isRead = false, limit }: LimitedCall): CallClass {
  return { service, kind: isRead ? "read" : "write", limit };
}

async function once<Reply>(call: AwsCall<Reply>, options: CallerOptions, signal: AbortSignal): Promise<Reply> {
  const timeoutMs = call.timeoutMs ?? options.callTimeoutMs ?? DEFAULT_CALL_TIMEOUT_MS;
  const deadline = startDeadline(options.clock, timeoutMs, signal);
  try {
    return await Promise.race([withResend(call, () => reported(call, deadline.signal, options)), deadline.passed]);
  } catch (error) {
    signal.throwIfAborted();
    if (call.whenNoSuchEntity !== undefined && wireCodeOf(error) === "NoSuchEntity") return call.whenNoSuchEntity();
    throw toControllerError(deadline.signal.aborted ? deadline.signal.reason : error, call, options.credentialsAdvice);
  } finally {
    deadline.cancel();
  }
}

/** Sends one request and reports its outcome, even after the caller has given up. */
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
