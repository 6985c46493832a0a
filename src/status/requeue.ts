import { ControllerError, dispositionOf, isPropagating } from "../errors.ts";
import type { ObservedState } from "../model/observed-state.ts";
import { type Blocker, NOT_CONVERGING } from "../plan/plan.ts";
import type { Outcome, Requeue } from "./outcome.ts";
import { passingFailure } from "./passing-failures.ts";

/** How patient the controller is. */
export interface Patience {
  /** Between two verifications of an object that is as it should be. */
  readonly resyncMs: number;
  /** Before looking again at what a person has to put right outside the spec. */
  readonly blockedRetryMs: number;
  /** Between two looks while IAM still shows the state before our write. */
  readonly settlePollMs: number;
}

/** The defaults of the `run` command. */
export const DEFAULT_PATIENCE: Patience = { resyncMs: 600_000, blockedRetryMs: 60_000, settlePollMs: 5_000 };

/** Below that of a person's change (0): looks that nobody waits for. */
export const ROUTINE_PRIORITY = -100;

/** Whoever asks for fewer requests and names no time to speak of gets a pause all the same. */
const MIN_RETRY_AFTER_MS = 1_000;

/** Spreads periodic work by ±10 %, so that a fleet started at once does not stay in step. */
const JITTER = 0.1;

/**
 * When to come back. A terminal failure waits for the spec to change, and is looked at once per resync all the same: its
 * cause may go away without a change of the spec.
 *
 * @param random in [0, 1)
 * @param failingForMs how long the object has failed for the same reason
 */
export function requeueOf(
  outcome: Outcome,
  patience: Patience,
  random: number,
  failingForMs: number = Number.POSITIVE_INFINITY,
): Requeue {
  const after = (delayMs: number): Requeue => ({ kind: "after", delayMs: jittered(delayMs, random) });
  const error = errorOf(outcome);
  const passing = passingFailure(error, failingForMs);
  if (passing !== undefined) return after(passing.retryMs);
  if (error !== undefined) return requeueAfterError(error, { ...patience, ...forRefused(outcome, patience) }, after);
  switch (outcome.kind) {
    case "suspended":
      return { kind: "done" };
    case "announced":
      return after(0);
    case "previewed":
      if (outcome.settlesInMs > 0) return after(Math.min(outcome.settlesInMs, patience.settlePollMs));
      return routineLook(patience, random);
    case "converged":
      if (outcome.plan.blockers.length > 0) return after(blockedForMs(outcome.plan.blockers, patience));
      if (outcome.settlesInMs > 0) return after(Math.min(outcome.settlesInMs, patience.settlePollMs));
      if (!showsArns(outcome.after)) return after(patience.settlePollMs);
      return routineLook(patience, random);
    case "failed":
      return { kind: "backoff" };
  }
}

/** The next look at an object that is well: when nobody need wait for it. */
export function routineLook({ resyncMs }: Patience, random: number): Requeue {
  return { kind: "after", delayMs: jittered(resyncMs, random), priority: ROUTINE_PRIORITY };
}

function jittered(delayMs: number, random: number): number {
  return Math.round(delayMs * (1 - JITTER + 2 * JITTER * random));
}

/** What went wrong, if anything did. That EC2 does not know a profile made moments ago is nothing wrong. */
export function errorOf(outcome: Outcome): unknown {
  switch (outcome.kind) {
    case "suspended":
    case "announced":
      return undefined;
    case "failed":
      return outcome.error;
    case "previewed":
      return outcome.observed.instances?.unreadable;
    case "converged":
      if (isAwaitingEc2(outcome)) return undefined;
      return outcome.failed === undefined ? outcome.after.instances?.unreadable : outcome.failed.error;
  }
}

/** True while EC2 may still hear of the profile: a bounded wait, after which its refusal is a failure like any other. */
export function isAwaitingEc2(outcome: Outcome): boolean {
  return outcome.kind === "converged" && outcome.settlesInMs > 0 && isPropagating(outcome.failed?.error);
}

/** Right after creation IAM may answer with the unique id where the ARN belongs. Absent entities have none to show. */
export function showsArns({ role, instanceProfile }: ObservedState): boolean {
  return [role, instanceProfile].every((entity) => entity.presence === "absent" || entity.arn.startsWith("arn:"));
}

function requeueAfterError(error: unknown, patience: Patience, after: (delayMs: number) => Requeue): Requeue {
  switch (dispositionOf(error)) {
    case "terminal":
      return after(patience.resyncMs);
    case "blocked":
      return after(patience.blockedRetryMs);
    case "throttled":
      return error instanceof ControllerError && error.retryAfterMs !== undefined
        ? after(Math.max(error.retryAfterMs, MIN_RETRY_AFTER_MS))
        : { kind: "backoff" };
    case "conflict":
    case "retryable":
      return { kind: "backoff" };
  }
}

/** Each look tries every refused instance again: the more there are, the rarer. */
function forRefused(outcome: Outcome, { resyncMs, blockedRetryMs }: Patience): Pick<Patience, "blockedRetryMs"> {
  const refused = outcome.kind === "converged" ? (outcome.refused?.length ?? 0) : 0;
  return { blockedRetryMs: Math.min(Math.max(refused, 1) * blockedRetryMs, Math.max(resyncMs, blockedRetryMs)) };
}

/** What was tried again and again in vain is looked at slowly. */
function blockedForMs(blockers: readonly Blocker[], { resyncMs, blockedRetryMs }: Patience): number {
  return blockers.some(({ reason }) => reason === NOT_CONVERGING) ? resyncMs : blockedRetryMs;
}
