import type { Precondition, Urgency } from "../../engine/ports.ts";
import { ThrottledError } from "../../errors.ts";
import type { AwsClientOptions } from "../client/client-config.ts";
import { type AwsCallSubject, networkCodeOf, toControllerError, wireCodeOf } from "../errors/aws-errors.ts";
import type { CallClass } from "./call-limiter.ts";
import { startDeadline } from "./deadline.ts";

/** One call: its subject and what is special about it. */
interface AwsCall<Reply> extends AwsCallSubject {
  /** Sends the request with the SDK; called again only where `isRead`. */
  readonly send: (signal: AbortSignal) => Promise<Reply>;
  /** What NoSuchEntity means here; without it NoSuchEntity is a ConflictError. */
  readonly whenNoSuchEntity?: () => Reply;
  /** Which of the service's limits the call counts against, where it has several of a kind. */
  readonly limit?: string;
  /** Safe to send again: a connection that the other side closed while idle is not worth a failed reconcile. */
  readonly isRead?: boolean;
  /** Asked when the call's turn has come, each time; what it raises is raised, and nothing is sent. */
  readonly assertCurrent?: Precondition | undefined;
  /** Instead of the client's `callTimeoutMs`, for replies that take AWS long to make. */
  readonly timeoutMs?: number;
}

/**
 * Makes one call, when its turn comes, within its time limit, and reports it. What AWS throttles was not carried out: it waits
 * for another turn, for as long as the call may wait in all.
 *
 * Errors: a ControllerError by {@link toControllerError}; the signal's reason when the signal was aborted; what
 * `assertMayWrite` raises.
 */
export type AwsCaller = <Reply>(call: AwsCall<Reply>, signal: AbortSignal) => Promise<Reply>;

type CallerOptions = Pick<
  AwsClientOptions,
  "clock" | "callTimeoutMs" | "onCall" | "onTurn" | "limiter" | "assertMayWrite"
>;

const DEFAULT_CALL_TIMEOUT_MS = 10_000;

/** How long a call may wait for its turn, all its turns together: well within the time of a reconcile. */
const PATIENCE_MS = 30_000;

/** The one way in which this adapter calls AWS; calls made through it are all of one urgency. */
export function createAwsCaller(options: CallerOptions, urgency: Urgency): AwsCaller {
  return async (call, signal) => {
    const { clock, limiter } = options;
    const lastTurnMs = clock.monotonicMs() + PATIENCE_MS;
    let throttled: ThrottledError | undefined;
    for (;;) {
      await awaitTurn(call, { options, urgency, lastTurnMs, throttled }, signal);
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
  };
}

type LimitedCall = AwsCallSubject & Pick<AwsCall<never>, "isRead" | "limit">;

interface Turn {
  readonly options: CallerOptions;
  readonly urgency: Urgency;
  /** Monotonic ms after which no turn is worth waiting for. */
  readonly lastTurnMs: number;
  /** What AWS said to the turn before. */
  readonly throttled: ThrottledError | undefined;
}

async function awaitTurn(call: LimitedCall, turn: Turn, signal: AbortSignal): Promise<void> {
  const { options, urgency, lastTurnMs } = turn;
  const of = classOf(call);
  const startMs = options.clock.monotonicMs();
  signal.throwIfAborted();
  if (options.limiter !== undefined) {
    const isGranted = await options.limiter.turn(of, urgency, lastTurnMs - startMs, signal);
    options.onTurn?.({ ...of, urgency, waitedMs: options.clock.monotonicMs() - startMs });
    if (!isGranted) throw turn.throttled ?? outOfPatience(call, of);
  }
  // The turn may have been long in coming: whoever may no longer write does not.
  if (of.kind === "write") options.assertMayWrite?.();
}

function outOfPatience({ service, operation, entity }: AwsCallSubject, { kind }: CallClass): ThrottledError {
  const message =
    `${operation} on ${entity}: ${service} is asked as much as it may be, and the ${kind} had no turn in time. It is tried ` +
    `again by itself; --${service === "EC2" ? "ec2" : "iam"}-${kind}-qps is the limit where AWS sets none`;
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
    throw toControllerError(deadline.signal.aborted ? deadline.signal.reason : error, call);
  } finally {
    deadline.cancel();
  }
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
