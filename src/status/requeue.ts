import { ControllerError } from "../errors.ts";
import { HANDED_OVER, INVALID_POLICY, NOT_CONVERGING } from "../plan/plan.ts";
import { observationIn, type Result, type ResultOf, showsArns } from "./result.ts";
import { RESULT_TABLE } from "./result-table.ts";

/** When the next reconcile of an object is due. `backoff`: later with each failure in a row. `done`: when something changes. */
export type Requeue =
  | { readonly kind: "done" }
  | { readonly kind: "after"; readonly delayMs: number; readonly urgency?: "resync" }
  | { readonly kind: "backoff" };

/** The times between reconciles of one object. */
export interface RequeueIntervals {
  /** The time between two reconciles of an object that is in sync. */
  readonly resyncMs: number;
  /** The time before the next reconcile of an object that is blocked by something outside its spec. */
  readonly blockedRetryMs: number;
  /** The time between two reads while IAM may still return the state before a write. */
  readonly propagationPollMs: number;
}

/** The defaults of the `run` command. */
export const DEFAULT_REQUEUE_INTERVALS: RequeueIntervals = {
  resyncMs: 600_000,
  blockedRetryMs: 60_000,
  propagationPollMs: 5_000,
};

/** The minimum delay after throttling, also when the API names a shorter one. */
const MIN_RETRY_AFTER_MS = 1_000;

/** Spreads periodic work by ±10 %, so that a fleet started at once does not stay in step. */
const JITTER = 0.1;

/**
 * When the next reconcile is due, by the result table.
 *
 * @param random in [0, 1)
 */
export function requeueOf(result: Result, intervals: RequeueIntervals, random: number): Requeue {
  const after = (delayMs: number): Requeue => ({ kind: "after", delayMs: jittered(delayMs, random) });
  // What another party must change first is tried again after everything that a user waits for.
  const whenIdle = (delayMs: number): Requeue => ({
    kind: "after",
    delayMs: jittered(delayMs, random),
    urgency: "resync",
  });
  switch (RESULT_TABLE[result.kind].requeue) {
    case "on change":
      return { kind: "done" };
    case "now":
      return after(0);
    case "poll":
      return poll(result, intervals, random);
    case "resync":
      return mustPoll(result) ? poll(result, intervals, random) : resync(intervals, random);
    case "blocked":
      return whenIdle(blockedMs(result, intervals));
    case "retry":
      return result.kind === "Retrying" ? retry(result, intervals, { after, whenIdle }) : { kind: "backoff" };
    case "slow":
      return whenIdle(intervals.resyncMs);
  }
}

/** The next resync, which the queue handles after everything that a user waits for. */
export function resync({ resyncMs }: RequeueIntervals, random: number): Requeue {
  return { kind: "after", delayMs: jittered(resyncMs, random), urgency: "resync" };
}

function jittered(delayMs: number, random: number): number {
  return Math.round(delayMs * (1 - JITTER + 2 * JITTER * random));
}

/** True while AWS may not return all recent writes, or does not return an ARN. */
function mustPoll(result: Result): boolean {
  const state = observationIn(result)?.state;
  return ("verifyInMs" in result && result.verifyInMs > 0) || (state !== undefined && !showsArns(state));
}

/** Without jitter for the last read: one that is too early counts as little as the one before. */
function poll(result: Result, { propagationPollMs }: RequeueIntervals, random: number): Requeue {
  const verifyInMs = "verifyInMs" in result ? result.verifyInMs : 0;
  const isLast = verifyInMs > 0 && verifyInMs <= propagationPollMs;
  return { kind: "after", delayMs: isLast ? Math.ceil(verifyInMs) : jittered(propagationPollMs, random) };
}

const ONLY_EDIT_HELPS: readonly string[] = [NOT_CONVERGING, INVALID_POLICY, HANDED_OVER];

/** An object that only an edit can help is retried at the resync interval. */
function blockedMs(result: Result, { resyncMs, blockedRetryMs }: RequeueIntervals): number {
  const blockers = "blockers" in result ? result.blockers : [];
  const onlyEditHelps = blockers.some(({ reason }) => ONLY_EDIT_HELPS.includes(reason));
  return onlyEditHelps ? resyncMs : blockedRetryMs;
}

function retry(
  { error, disposition, transient, observation }: ResultOf<"Retrying">,
  intervals: RequeueIntervals,
  { after, whenIdle }: Readonly<Record<"after" | "whenIdle", (delayMs: number) => Requeue>>,
): Requeue {
  if (transient !== undefined) return after(transient.retryMs);
  if (disposition === "blocked") return whenIdle(blockedByAwsMs(observation?.refused.length ?? 0, intervals));
  if (disposition === "throttled" && error instanceof ControllerError && error.retryAfterMs !== undefined)
    return after(Math.max(error.retryAfterMs, MIN_RETRY_AFTER_MS));
  return { kind: "backoff" };
}

/** Each reconcile retries every refused instance, so the delay grows with their number, up to the resync interval. */
function blockedByAwsMs(refused: number, { resyncMs, blockedRetryMs }: RequeueIntervals): number {
  return Math.min(Math.max(refused, 1) * blockedRetryMs, Math.max(resyncMs, blockedRetryMs));
}
