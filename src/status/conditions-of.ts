import type { Condition } from "../api/instance-profile.ts";
import { messageOfError, reasonOfError } from "../errors.ts";
import { isRefusedByIam, lint } from "../plan/lint/lint.ts";
import type { Blocker, Note, Plan } from "../plan/plan.ts";
import { type ConditionDraft, findCondition, notReady, ready, reconciling, stalled } from "./conditions.ts";
import { aboutInstances } from "./instances.ts";
import type { ReportedObject } from "./outcome.ts";
import type { Result, ResultOf } from "./result.ts";
import { RESULT_TABLE } from "./result-table.ts";

/** Reason and message of a condition. */
type Explanation = Pick<ConditionDraft, "reason" | "message">;

/**
 * Computes the conditions of a result, in the order of the status. `Ready` is always present, `Reconciling` and `Stalled` only while they
 * are true, and never both (kstatus: https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus).
 */
export function conditionsOf(object: ReportedObject, result: Result): readonly ConditionDraft[] {
  return [...aboutReadiness(object, result), ...aboutInstances(object, result)];
}

function aboutReadiness(object: ReportedObject, result: Result): readonly ConditionDraft[] {
  if (result.kind === "Suspended") return [suspended(object)];
  const { ready: status, beside } = RESULT_TABLE[result.kind];
  const { reason, message } = explain(object, result);
  if (status === "True") return [ready(reason, message)];
  if (beside === undefined) return [notReady(reason, message)];
  if (beside === "Stalled") return [notReady(reason, message), stalled(reason, message)];
  return [
    notReady(reason, message),
    reconciling(result.kind === "Retrying" ? "ProgressingWithRetry" : reason, message),
  ];
}

function suspended(object: ReportedObject): ConditionDraft {
  const last = findCondition(object.status?.conditions, "Ready");
  const effect =
    object.metadata.deletionTimestamp === undefined
      ? "the controller does not change AWS"
      : "deletion is blocked until it is false";
  const message = `spec.suspend is true: ${effect}; Ready shows the last known state`;
  const { status, observedGeneration } = last ?? { status: "Unknown" as const, observedGeneration: undefined };
  // Ready keeps the generation that was last reconciled.
  return { type: "Ready", status, reason: "Suspended", message, ...(observedGeneration && { observedGeneration }) };
}

function explain(object: ReportedObject, result: Exclude<Result, { readonly kind: "Suspended" }>): Explanation {
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
      return failed(object, result.error);
    case "Deleting": {
      const { notes = [] } = result.observation.plan;
      const message = `deletion is in progress; waiting for IAM to show that everything is deleted${appended(notes)}`;
      return { reason: "Deleting", message };
    }
  }
}

/** The message names unmanaged policies, because the role then allows more than the spec although AWS matches it. */
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

function dryRun({ metadata }: ReportedObject, { actions, notes = [] }: Plan): string {
  const effect = metadata.deletionTimestamp === undefined ? "" : "deletion is blocked until mode is Enforce, ";
  return `mode is DryRun: ${effect}${writes(actions.length)} pending, see status.plan${appended(notes)}`;
}

function blocked(blockers: readonly Blocker[]): Explanation {
  const message = blockers.map((blocker) => blocker.message).join(" ");
  return { reason: blockers[0]?.reason ?? "UnexpectedError", message };
}

function failed(object: ReportedObject, error: unknown): Explanation {
  const reason = reasonOfError(error);
  const message = messageOfError(error);
  return { reason, message: reason === "MalformedPolicyDocument" ? `${message}${faultsOf(object)}` : message };
}

/** IAM says that a policy is malformed, and usually not where. */
function faultsOf({ spec }: ReportedObject): string {
  const faults = spec === undefined ? [] : lint({ spec }).filter(isRefusedByIam);
  return faults.map(({ path, message }) => ` ${path}: ${message}.`).join("");
}

function appended(notes: readonly Note[]): string {
  return notes.map(({ message }) => `; ${message}`).join("");
}

function writes(count: number): string {
  return `${count} ${count === 1 ? "write" : "writes"}`;
}

/** True when the last reported condition `Ready` is true for the current generation. */
export function wasReady(object: ReportedObject): boolean {
  const condition: Condition | undefined = findCondition(object.status?.conditions, "Ready");
  return condition?.status === "True" && condition.observedGeneration === object.metadata.generation;
}
