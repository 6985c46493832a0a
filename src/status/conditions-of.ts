import type { Condition } from "../api/instance-profile.ts";
import type { Blocker, Note, Plan } from "../plan/plan.ts";
import { type ConditionDraft, findCondition, notReady, ready, reconciling, stalled } from "./conditions.ts";
import { aboutInstances } from "./instances.ts";
import type { ObjectSoFar } from "./outcome.ts";
import { messageOfError, type Result, type ResultOf, reasonOfError } from "./result.ts";
import { RESULT_TABLE } from "./result-table.ts";

/** What a condition says. */
type Said = Pick<ConditionDraft, "reason" | "message">;

/**
 * The conditions that follow from a result, in the order in which they are shown. `Ready` is always there; `Reconciling` and
 * `Stalled` only while true, never both (kstatus: https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus).
 */
export function conditionsOf(object: ObjectSoFar, result: Result): readonly ConditionDraft[] {
  return [...aboutReadiness(object, result), ...aboutInstances(object, result)];
}

function aboutReadiness(object: ObjectSoFar, result: Result): readonly ConditionDraft[] {
  if (result.kind === "Suspended") return [suspended(object)];
  const { ready: status, beside } = RESULT_TABLE[result.kind];
  const { reason, message } = said(object, result);
  if (status === "True") return [ready(reason, message)];
  if (beside === undefined) return [notReady(reason, message)];
  if (beside === "Stalled") return [notReady(reason, message), stalled(reason, message)];
  return [
    notReady(reason, message),
    reconciling(result.kind === "Retrying" ? "ProgressingWithRetry" : reason, message),
  ];
}

function suspended(object: ObjectSoFar): ConditionDraft {
  const last = findCondition(object.status?.conditions, "Ready");
  const waits =
    object.metadata.deletionTimestamp === undefined
      ? "the controller does not change AWS"
      : "deletion is blocked until it is false";
  const message = `spec.suspend is true: ${waits}; Ready shows the last known state`;
  const { status, observedGeneration } = last ?? { status: "Unknown" as const, observedGeneration: undefined };
  // What Ready says, it says of the generation that was last looked at.
  return { type: "Ready", status, reason: "Suspended", message, ...(observedGeneration && { observedGeneration }) };
}

function said(object: ObjectSoFar, result: Exclude<Result, { readonly kind: "Suspended" }>): Said {
  switch (result.kind) {
    case "InSync":
      return { reason: "InSync", message: inSync(result) };
    case "PropagationPending":
      return { reason: "PropagationPending", message: "AWS matches the spec; waiting for IAM to return the ARNs" };
    case "WaitingForEC2": {
      const message =
        "role and instance profile are created; waiting for the instance profile to propagate to EC2 before it is associated";
      return { reason: "WaitingForEC2", message };
    }
    case "AdoptionPlanned":
      return { reason: "AdoptionPlanned", message: adoptionPlanned(result.plan) };
    case "DryRun":
      return { reason: "DryRun", message: dryRun(object, result.observation.plan) };
    case "BlockedByPlan":
    case "BlockedByClass":
      return blocked(result.blockers);
    case "Stripped": {
      const { reason, message } = blocked(result.leftOut);
      const verb = result.observation.mayWrite ? "applies" : "would apply";
      return { reason, message: `${message} The controller ${verb} the rest of the spec.` };
    }
    case "Retrying":
    case "Failed":
      return failed(result.error);
    case "Deleting": {
      const { notes = [] } = result.observation.plan;
      const message = `deletion is in progress; waiting for IAM to show that everything is deleted${appended(notes)}`;
      return { reason: "Deleting", message };
    }
  }
}

/** Names the policies that the spec does not: who reads that AWS matches must know that the role allows more than the spec. */
function inSync({ observation: { plan, mayWrite } }: ResultOf<"InSync">): string {
  if (!mayWrite) return "AWS matches the spec (mode: DryRun, nothing is written)";
  const count = plan.unmanagedPolicies.length;
  const more = `; the role has ${count} unmanaged ${count === 1 ? "policy" : "policies"}, see status.unmanagedPolicies`;
  return `role, policies and instance profile in AWS match the spec${count === 0 ? "" : more}`;
}

function adoptionPlanned({ actions, notes = [] }: Plan): string {
  return (
    `adoptionPolicy is IfExists, and what exists has no owner: the controller adopts it next, with ${writes(actions.length)} that ` +
    `status.plan lists${appended(notes)}`
  );
}

function dryRun({ metadata }: ObjectSoFar, { actions, notes = [] }: Plan): string {
  const waits = metadata.deletionTimestamp === undefined ? "" : "deletion is blocked until mode is Enforce, ";
  return `mode is DryRun: ${waits}${writes(actions.length)} pending, see status.plan${appended(notes)}`;
}

function blocked(blockers: readonly Blocker[]): Said {
  const message = blockers.map((blocker) => blocker.message).join(" ");
  return { reason: blockers[0]?.reason ?? "UnexpectedError", message };
}

function failed(error: unknown): Said {
  return { reason: reasonOfError(error), message: messageOfError(error) };
}

function appended(notes: readonly Note[]): string {
  return notes.map(({ message }) => `; ${message}`).join("");
}

function writes(count: number): string {
  return `${count} ${count === 1 ? "write" : "writes"}`;
}

/** True when the object was last seen in sync with AWS, at this very generation. */
export function wasReady(object: ObjectSoFar): boolean {
  const condition: Condition | undefined = findCondition(object.status?.conditions, "Ready");
  return condition?.status === "True" && condition.observedGeneration === object.metadata.generation;
}
