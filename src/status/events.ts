import type { InstanceProfile } from "../api/instance-profile.ts";
import type { Action } from "../plan/action.ts";
import { describeAction } from "../plan/describe-action.ts";
import { isAdoption } from "../plan/plan.ts";
import { type ConditionDraft, findCondition } from "./conditions.ts";
import { wasReady } from "./judge.ts";
import type { EventDraft, ObjectSoFar, Outcome } from "./outcome.ts";

/** The API server refuses notes over 1 kB; what is left out is counted. */
const MAX_NOTE_CHARS = 900;

/**
 * The Events of one reconcile: one for what was written to AWS, one when `Ready` turns false or changes its reason. An
 * outcome like the one before is no news.
 */
export function eventsOf(object: ObjectSoFar, outcome: Outcome, conditions: readonly ConditionDraft[]): EventDraft[] {
  return [...aboutWrites(object, outcome), ...aboutTrouble(object, conditions)];
}

/** All that was ever made for the object is gone, or was left as the spec asks. */
export function deletedEvent(object: InstanceProfile, applied: readonly Action[]): EventDraft {
  const note =
    applied.length === 0
      ? `nothing of role ${object.spec.roleName} and instance profile ${object.spec.instanceProfileName} was this object's to remove`
      : listed(applied);
  return { type: "Normal", reason: "Deleted", action: "Delete", note };
}

function aboutWrites(object: ObjectSoFar, outcome: Outcome): EventDraft[] {
  if (outcome.kind !== "converged" || outcome.applied.length === 0) return [];
  if (object.metadata.deletionTimestamp !== undefined) return [];
  const { reason, action } = whatItWas(object, outcome.applied);
  return [{ type: "Normal", reason, action, note: listed(outcome.applied) }];
}

function whatItWas(object: ObjectSoFar, applied: readonly Action[]): { reason: string; action: string } {
  if (applied.some(isAdoption)) return { reason: "Adopted", action: "Adopt" };
  if (wasReady(object)) return { reason: "DriftRepaired", action: "Repair" };
  if (applied.some((action) => action.kind === "CreateRole" || action.kind === "CreateInstanceProfile")) {
    return { reason: "Created", action: "Create" };
  }
  return { reason: "Updated", action: "Update" };
}

function aboutTrouble(object: ObjectSoFar, conditions: readonly ConditionDraft[]): EventDraft[] {
  const now = conditions.find((condition) => condition.type === "Ready");
  if (now === undefined || now.status !== "False" || now.reason === "Deleting" || now.reason === "Settling") return [];
  const before = findCondition(object.status?.conditions, "Ready");
  if (before?.status === "False" && before.reason === now.reason && before.message === now.message) return [];
  // A dry run does what it was asked to do.
  const type = now.reason === "DryRun" ? "Normal" : "Warning";
  return [{ type, reason: now.reason, action: "Reconcile", note: cut(now.message) }];
}

function listed(actions: readonly Action[]): string {
  const lines = actions.map((action) => {
    const { symbol, title } = describeAction(action);
    return `${symbol} ${title}`;
  });
  return cut(lines.join("; "));
}

function cut(text: string): string {
  return text.length <= MAX_NOTE_CHARS ? text : `${text.slice(0, MAX_NOTE_CHARS)} … (${text.length} characters)`;
}
