import { type Disposition, dispositionOf, isPropagating } from "../errors.ts";
import type { ObservedState } from "../model/observed-state.ts";
import type { Action, FailedAction } from "../plan/action.ts";
import type { Blocker, Lag, Plan } from "../plan/plan.ts";
import type { Outcome, ReportedObject } from "./outcome.ts";
import { type TransientFailure, transientFailure } from "./transient-failures.ts";

/** What a reconcile read from AWS, and what it wrote. */
export interface Observation {
  readonly plan: Plan;
  /** AWS before the writes; unset: nothing was written, or AWS was not read. */
  readonly before?: ObservedState;
  /** AWS after the writes. */
  readonly state: ObservedState;
  readonly applied: readonly Action[];
  /** The write that stopped the plan. */
  readonly failed: FailedAction | undefined;
  /** Writes to single instances that AWS refused; the plan went on without them. */
  readonly refused: readonly FailedAction[];
  /** False for `mode: DryRun`, which writes nothing. */
  readonly mayWrite: boolean;
  /** What AWS does not show of earlier writes, so that nothing is verified; unset when it shows them all. */
  readonly lag?: Lag | undefined;
  /** See the outcome `converged`. */
  readonly repairedChanges?: readonly string[];
  /** See the outcome `converged`. */
  readonly isPartial?: true;
}

/** A result that is verified by another read, at the latest when recent writes must have propagated. */
interface Observed {
  readonly observation: Observation;
  /** 0: the next resync is soon enough. */
  readonly verifyInMs: number;
}

/** The state of an object after a reconcile. `result-table.ts` has the consequences of each: conditions, requeue, Event and metric. */
export type Result =
  /** AWS matches the spec. */
  | (Observed & { readonly kind: "InSync" })
  /** Nothing is left to write, and IAM does not return the ARNs, or shows the state before a write. */
  | (Observed & { readonly kind: "PropagationPending" })
  /** Role and instance profile are written, and the instance profile has not propagated to EC2 yet. */
  | (Observed & { readonly kind: "WaitingForEC2" })
  /** The plan adopts; status shows it before it is applied. */
  | { readonly kind: "AdoptionPlanned"; readonly plan: Plan }
  /** `mode: DryRun`: the plan is in status, nothing is written. */
  | (Observed & { readonly kind: "DryRun" })
  | { readonly kind: "Suspended" }
  /** The plan must not be applied until something outside the controller changes. */
  | { readonly kind: "BlockedByPlan"; readonly blockers: readonly Blocker[]; readonly observation: Observation }
  /** The class, or a policy that is too large to compare, blocks the object before AWS is read. */
  | {
      readonly kind: "BlockedByClass";
      readonly blockers: readonly Blocker[];
      readonly found?: ObservedState | undefined;
    }
  /** The class has removed parts of the spec; AWS has the rest. */
  | (Observed & { readonly kind: "Stripped"; readonly leftOut: readonly Blocker[] })
  /** Something failed that may succeed without a change of the spec. */
  | (Failure & { readonly kind: "Retrying"; readonly transient: TransientFailure | undefined })
  /** Something failed that requires a change of the spec. */
  | (Failure & { readonly kind: "Failed" })
  /** The deletion is in progress, and IAM may still return what was deleted. */
  | (Observed & { readonly kind: "Deleting" });

interface Failure {
  readonly error: unknown;
  readonly disposition: Disposition;
  /** Undefined when AWS could not be read. */
  readonly observation: Observation | undefined;
  /** See the outcome `failed`. */
  readonly found?: ObservedState | undefined;
}

type OutcomeWithPlan = Extract<Outcome, { readonly kind: "previewed" | "converged" }>;

/** A result of that kind. */
export type ResultOf<K extends Result["kind"]> = Extract<Result, { readonly kind: K }>;

/**
 * Derives the result from the outcome of a reconcile. The order of the rules is the order of importance: a blocker hides a failure, and a
 * failure hides unfinished work.
 *
 * @param failingForMs how long the object has failed for the reason of that error
 */
export function classify(
  object: ReportedObject,
  outcome: Outcome,
  failingForMs: (error: unknown) => number = () => Number.POSITIVE_INFINITY,
): Result {
  switch (outcome.kind) {
    case "suspended":
      return { kind: "Suspended" };
    case "refused":
      return { kind: "BlockedByClass", blockers: outcome.blockers, found: outcome.found };
    case "failed":
      return { ...failureOf(outcome.error, undefined, failingForMs), found: outcome.found };
    case "announced":
      return { kind: "AdoptionPlanned", plan: outcome.plan };
    case "previewed":
    case "converged":
      return classifyObserved(object, outcome, failingForMs);
  }
}

function classifyObserved(
  object: ReportedObject,
  outcome: OutcomeWithPlan,
  failingForMs: (error: unknown) => number,
): Result {
  const observation = observationOf(outcome);
  const { blockers } = outcome.plan;
  if (blockers.length > 0) return { kind: "BlockedByPlan", blockers, observation };
  const isWaitingForEC2 = outcome.visibleInMs > 0 && isPropagating(observation.failed?.error);
  const error = observation.failed?.error ?? observation.state.instances?.unreadable;
  if (error !== undefined && !isWaitingForEC2) return failureOf(error, observation, failingForMs);
  const observed = { observation, verifyInMs: outcome.visibleInMs };
  const isInDeletion = object.metadata.deletionTimestamp !== undefined;
  if (isInDeletion) return { kind: outcome.kind === "converged" ? "Deleting" : "DryRun", ...observed };
  if (outcome.leftOut !== undefined) return { kind: "Stripped", leftOut: outcome.leftOut, ...observed };
  if (isWaitingForEC2) return { kind: "WaitingForEC2", ...observed };
  return { kind: kindOfFinished(observation), ...observed };
}

function kindOfFinished({ mayWrite, plan, state, lag }: Observation): "InSync" | "DryRun" | "PropagationPending" {
  if (!mayWrite && plan.actions.length > 0) return "DryRun";
  return showsArns(state) && lag === undefined ? "InSync" : "PropagationPending";
}

function failureOf(
  error: unknown,
  observation: Observation | undefined,
  failingForMs: (error: unknown) => number,
): ResultOf<"Retrying" | "Failed"> {
  const transient = transientFailure(error, failingForMs(error));
  const failure = { error, disposition: dispositionOf(error), observation };
  return failure.disposition === "terminal" && transient === undefined
    ? { kind: "Failed", ...failure }
    : { kind: "Retrying", ...failure, transient };
}

function observationOf(outcome: OutcomeWithPlan): Observation {
  const { plan, lag } = outcome;
  if (outcome.kind === "previewed")
    return { plan, state: outcome.observed, applied: [], failed: undefined, refused: [], mayWrite: false, lag };
  const { before, after: state, applied, failed, refused = [], repairedChanges, isPartial } = outcome;
  const details = {
    ...(before && { before }),
    ...(repairedChanges && { repairedChanges }),
    ...(isPartial && { isPartial }),
  };
  return { plan, ...details, state, applied, failed, refused, mayWrite: true, lag };
}

/** True when IAM returns the ARN of every entity that exists. Right after creation it may return the unique id instead. */
export function showsArns({ role, instanceProfile }: ObservedState): boolean {
  return [role, instanceProfile].every((entity) => entity.presence === "absent" || entity.arn.startsWith("arn:"));
}

/** The error of a result; undefined when it is not a failure. */
export function errorIn(result: Result): unknown {
  return "error" in result ? result.error : undefined;
}

/** The observation of a result; undefined when the reconcile ended before it read AWS, or reports a plan that adopts. */
export function observationIn(result: Result): Observation | undefined {
  return "observation" in result ? result.observation : undefined;
}

/** The observed state if it is known to be owned; undefined when AWS was not read, or when the observed state blocks the plan. */
export function ownStateIn(result: Result): ObservedState | undefined {
  return result.kind === "BlockedByPlan" ? undefined : observationIn(result)?.state;
}

/** The observed state of a blocked object, of which only the owner tags tell what is owned. */
export function blockedStateIn(result: Result): ObservedState | undefined {
  if (result.kind === "BlockedByPlan") return result.observation.state;
  return "found" in result ? result.found : undefined;
}
