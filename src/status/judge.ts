import type { Condition } from "../api/instance-profile.ts";
import { ControllerError, dispositionOf } from "../errors.ts";
import { isRefusedByIam, lint } from "../plan/lint.ts";
import type { Blocker, Note, Plan } from "../plan/plan.ts";
import { type ConditionDraft, findCondition, notReady, ready, reconciling, stalled } from "./conditions.ts";
import { aboutInstances, lastOfInstances } from "./instances.ts";
import type { Converged, ObjectSoFar, Outcome } from "./outcome.ts";
import { passingFailure } from "./passing-failures.ts";
import { errorOf, isAwaitingEc2, showsArns } from "./requeue.ts";

/**
 * The conditions that an outcome deserves, in the order they are shown. `Ready` is always there; `Reconciling` and
 * `Stalled` only while true, never both (kstatus: https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus).
 */
export function judge(
  object: ObjectSoFar,
  outcome: Outcome,
  failingForMs: number = Number.POSITIVE_INFINITY,
): readonly ConditionDraft[] {
  if (outcome.kind === "suspended") return [suspended(object), ...lastOfInstances(object)];
  if (outcome.kind === "failed")
    return [...judgeError(object, outcome.error, failingForMs), ...lastOfInstances(object)];
  const { blockers } = outcome.plan;
  const [first] = blockers;
  if (first !== undefined) {
    const message = blockers.map((blocker) => blocker.message).join(" ");
    return [notReady(first.reason, message), stalled(first.reason, message), ...lastOfInstances(object)];
  }
  const error = errorOf(outcome);
  if (error !== undefined) return [...judgeError(object, error, failingForMs), ...aboutInstances(object, outcome)];
  if (outcome.kind === "previewed") return judgeLook(object, outcome);
  if (outcome.kind === "announced") {
    return [...judgeAnnouncement(outcome.plan), ...aboutInstances(object, outcome)];
  }
  if (object.metadata.deletionTimestamp !== undefined) return judgeDeletion(outcome.plan.notes ?? []);
  if (outcome.leftOut !== undefined)
    return judgeLeftOut(outcome.leftOut, "The controller applies the rest of the spec.");
  return [...judgeConverged(outcome), ...aboutInstances(object, outcome)];
}

function judgeLook(object: ObjectSoFar, outcome: Extract<Outcome, { kind: "previewed" }>): readonly ConditionDraft[] {
  const { plan, leftOut } = outcome;
  const isGoing = object.metadata.deletionTimestamp !== undefined;
  if (leftOut !== undefined && !isGoing)
    return judgeLeftOut(leftOut, "The controller would apply the rest of the spec.");
  return [judgePreview(object, plan), ...aboutInstances(object, outcome)];
}

function suspended(object: ObjectSoFar): ConditionDraft {
  const last = findCondition(object.status?.conditions, "Ready");
  const waits =
    object.metadata.deletionTimestamp === undefined ? "AWS is left as it is" : "deletion waits until it is false";
  const message = `spec.suspend is true: ${waits}; Ready says what was last known`;
  const { status, observedGeneration } = last ?? { status: "Unknown" as const, observedGeneration: undefined };
  // What Ready says, it says of the generation that was last looked at.
  return { type: "Ready", status, reason: "Suspended", message, ...(observedGeneration && { observedGeneration }) };
}

function judgeError(object: ObjectSoFar, error: unknown, failingForMs: number): readonly ConditionDraft[] {
  const reason = error instanceof ControllerError ? error.reason : "UnexpectedError";
  const words = error instanceof Error ? error.message : String(error);
  const message = reason === "MalformedPolicyDocument" ? `${words}${whatIsMalformed(object)}` : words;
  return dispositionOf(error) === "terminal" && passingFailure(error, failingForMs) === undefined
    ? [notReady(reason, message), stalled(reason, message)]
    : [notReady(reason, message), reconciling("ProgressingWithRetry", message)];
}

/** IAM says that a policy is wrong, and as a rule not where. */
function whatIsMalformed({ spec }: ObjectSoFar): string {
  const faults = spec === undefined ? [] : lint({ spec }).filter(isRefusedByIam);
  return faults.map(({ path, message }) => ` ${path}: ${message}.`).join("");
}

function judgePreview({ metadata }: ObjectSoFar, { actions, notes = [] }: Plan): ConditionDraft {
  const isGoing = metadata.deletionTimestamp !== undefined;
  if (actions.length === 0 && !isGoing)
    return ready("InSync", "AWS matches the spec (mode: DryRun, nothing is written)");
  const waits = isGoing ? "deletion waits for mode: Enforce, " : "";
  const message = `mode is DryRun: ${waits}${writes(actions.length)} pending, see status.plan${appended(notes)}`;
  return notReady("DryRun", message);
}

function judgeAnnouncement({ actions, notes = [] }: Plan): readonly ConditionDraft[] {
  const message =
    `adoptionPolicy is IfExists, and what is there is nobody's: it is taken over next, with ${writes(actions.length)} that ` +
    `status.plan lists${appended(notes)}`;
  return [notReady("AdoptionPlanned", message), reconciling("AdoptionPlanned", message)];
}

function appended(notes: readonly Note[]): string {
  return notes.map(({ message }) => `; ${message}`).join("");
}

function writes(count: number): string {
  return `${count} ${count === 1 ? "write" : "writes"}`;
}

function judgeDeletion(notes: readonly Note[]): readonly ConditionDraft[] {
  const message = `deletion is under way; waiting until IAM shows that everything is gone${appended(notes)}`;
  return [notReady("Deleting", message), reconciling("Deleting", message)];
}

function judgeConverged(outcome: Converged): readonly ConditionDraft[] {
  if (isAwaitingEc2(outcome)) {
    const message =
      "role and instance profile are made; waiting until EC2 knows the profile, to associate it with instances";
    return [notReady("AwaitingEc2", message), reconciling("AwaitingEc2", message)];
  }
  if (!showsArns(outcome.after)) {
    const message = "AWS matches the spec; waiting for IAM to show the ARNs";
    return [notReady("Settling", message), reconciling("Settling", message)];
  }
  return [ready("InSync", `role, policies and instance profile in AWS match the spec${strangers(outcome.plan)}`)];
}

/** Whoever reads that all is well is to know that the role may do more than the spec says. */
function strangers({ unmanagedPolicies }: Plan): string {
  const count = unmanagedPolicies.length;
  if (count === 0) return "";
  return `; the role has ${count} more ${count === 1 ? "policy" : "policies"}, see status.unmanagedPolicies`;
}

/** The class has been narrowed: what is left of the spec is in AWS, and only a person can make the two agree. */
function judgeLeftOut(leftOut: readonly Blocker[], consequence: string): readonly ConditionDraft[] {
  const message = `${leftOut.map((blocker) => blocker.message).join(" ")} ${consequence}`;
  const reason = leftOut[0]?.reason ?? "UnexpectedError";
  return [notReady(reason, message), stalled(reason, message)];
}

/** True when the object was last seen as asked for, at this very generation. */
export function wasReady(object: ObjectSoFar): boolean {
  const condition: Condition | undefined = findCondition(object.status?.conditions, "Ready");
  return condition?.status === "True" && condition.observedGeneration === object.metadata.generation;
}
