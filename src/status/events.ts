import type { InstanceProfile } from "../api/instance-profile.ts";
import { accessEffect, removesAccess } from "../plan/access/planned-access.ts";
import { type Action, isInstanceAction } from "../plan/action.ts";
import { describeAction } from "../plan/describe-action.ts";
import { isAdoption, isHandOver, type Plan } from "../plan/plan.ts";
import { COMPLIANT, type Compliance, isComplianceChange } from "./compliance.ts";
import { type ConditionDraft, findCondition } from "./conditions.ts";
import { SUSPENDED, wasWritten } from "./conditions-of.ts";
import { aboutIdentity } from "./entities.ts";
import { INSTANCES_ASSOCIATED } from "./instances.ts";
import { bounded, noteText } from "./limits.ts";
import type { EventDraft, ReportedObject } from "./outcome.ts";
import { type Observation, observationIn, type Result } from "./result.ts";
import { RESULT_TABLE } from "./result-table.ts";

/**
 * Computes the Events of one reconcile: one for the writes to AWS, one for each entity that was recreated, one when `Ready` becomes false
 * or changes its reason. A result that is the same as the one before emits nothing.
 */
export function eventsOf(
  object: ReportedObject,
  result: Result,
  conditions: readonly ConditionDraft[],
  compliance?: Compliance,
): EventDraft[] {
  const trouble = aboutTrouble(object, result, conditions);
  // A blocked object is reconciled again and again, and its status keeps the former entity.
  const isChange = !isBlocked(result) || trouble.length > 0;
  return [
    ...aboutWrites(object, result),
    ...aboutViolation(object, conditions, compliance),
    ...(isChange ? aboutIdentity(object, result) : []),
    ...trouble,
    ...aboutSuspendedDeletion(object, result, conditions),
    ...aboutUnmanagedPolicies(object, result),
    ...aboutConflicts(object, conditions),
  ];
}

/** Reports a new violation that `Ready` does not report already, and access that was removed because the spec could not be applied. */
function aboutViolation(
  object: ReportedObject,
  conditions: readonly ConditionDraft[],
  compliance: Compliance | undefined,
): readonly EventDraft[] {
  if (compliance === undefined) return [];
  const { revoked = [] } = compliance;
  const now = conditions.find(({ type }) => type === COMPLIANT);
  const isShown = conditions.some(({ type, reason }) => type === "Ready" && reason === now?.reason);
  const isViolation = compliance.kind === "violated" && now !== undefined;
  const isChange = isViolation && !isShown && isComplianceChange(object, compliance);
  return [
    ...(isChange
      ? [
          {
            type: "Warning" as const,
            reason: now.reason,
            action: "CheckClass",
            note: noteText(now.message, "conditions"),
          },
        ]
      : []),
    ...(revoked.length > 0
      ? [{ type: "Warning" as const, reason: ACCESS_STRIPPED, action: "Strip", note: listed(revoked) }]
      : []),
  ];
}

/** The reason of the Event about removed access that the class does not allow. */
const ACCESS_STRIPPED = "AccessStripped";

function isBlocked({ kind }: Result): boolean {
  return kind === "BlockedByPlan" || kind === "BlockedByClass";
}

/** Reports the notes of a deletion: what was deleted by force, or could not be checked without permission. */
export function noteEvents({ plan, applied }: Pick<Observation, "plan" | "applied">): EventDraft[] {
  if (applied.length === 0) return [];
  return (plan.notes ?? []).map(({ reason, message }) => ({
    type: "Warning",
    reason,
    action: "Delete",
    note: noteText(message, "log"),
  }));
}

/** Reports that the deletion of the object is complete. */
export function deletedEvents({ spec }: InstanceProfile, applied: readonly Action[]): readonly EventDraft[] {
  const note =
    applied.length === 0
      ? `nothing to delete: role ${spec.roleName} and instance profile ${spec.instanceProfileName} do not exist, are retained, or are not owned`
      : listed(applied);
  return [...aboutForce(applied), { type: "Normal", reason: "Deleted", action: "Delete", note }];
}

/** Reports what stays in AWS of an object that goes with its CRD. */
export function retainedEvent({ status }: ReportedObject, crdName: string): EventDraft {
  const arns = [status?.role, status?.instanceProfile].flatMap((it) => it?.arn ?? []);
  const note =
    `CustomResourceDefinition ${crdName} is being deleted, so the controller removes its finalizer and leaves AWS as it is. ` +
    `In AWS: ${arns.join(", ") || "nothing that status names"}. To manage it again, install the CustomResourceDefinition and create the ` +
    "object again with the same name.";
  return { type: "Warning", reason: "Retained", action: "Delete", note: noteText(note, "log") };
}

/** Reports each forced removal of something unmanaged. */
function aboutForce(applied: readonly Action[]): readonly EventDraft[] {
  return applied
    .filter((action) => "isForced" in action && action.isForced === true)
    .map((action) => ({
      type: "Warning",
      reason: "ForcedRemoval",
      action: "Delete",
      note: noteText(`removed by force-delete, although unmanaged: ${describeAction(action).title}`, "log"),
    }));
}

function aboutWrites(object: ReportedObject, result: Result): EventDraft[] {
  const applied = observationIn(result)?.applied ?? [];
  if (applied.length === 0) return [];
  // The deletion is not complete, and no later reconcile knows what this one removed.
  if (object.metadata.deletionTimestamp !== undefined)
    return [...aboutForce(applied), { type: "Normal", reason: "Deleting", action: "Delete", note: listed(applied) }];
  const note = listedWithEffect(applied, observationIn(result));
  const isStripped = result.kind === "Stripped";
  if (isStripped && applied.some(removesAccess))
    return [{ type: "Warning", reason: ACCESS_STRIPPED, action: "Strip", note }];
  // Applying the part of the spec that the class allows is not a repair of drift.
  return [{ type: "Normal", ...reasonOfWrites(applied, wasWritten(object) && !isStripped), note }];
}

function reasonOfWrites(applied: readonly Action[], wasInSync: boolean): { reason: string; action: string } {
  if (applied.every(isInstanceAction)) return { reason: "InstancesUpdated", action: "Associate" };
  if (applied.some((action) => isAdoption(action) || isHandOver(action))) return { reason: "Adopted", action: "Adopt" };
  if (wasInSync) return { reason: "DriftRepaired", action: "Repair" };
  if (applied.some((action) => action.kind === "CreateRole" || action.kind === "CreateInstanceProfile")) {
    return { reason: "Created", action: "Create" };
  }
  return { reason: "Updated", action: "Update" };
}

function aboutTrouble(object: ReportedObject, result: Result, conditions: readonly ConditionDraft[]): EventDraft[] {
  const { event: type } = RESULT_TABLE[result.kind];
  const [now] = conditions;
  if (type === undefined || now === undefined) return [];
  const before = findCondition(object.status?.conditions, now.type);
  if (before?.status === now.status && before.reason === now.reason && before.message === now.message) return [];
  const note = result.kind === "AdoptionPlanned" ? announced(result.plan) : noteText(now.message, "conditions");
  return [{ type, reason: now.reason, action: "Reconcile", note }];
}

/** Reports once that `suspend` blocks a deletion, for which `kubectl delete` waits. */
function aboutSuspendedDeletion(
  { metadata, status }: ReportedObject,
  { kind }: Result,
  conditions: readonly ConditionDraft[],
): readonly EventDraft[] {
  const now = conditions.find(({ type }) => type === SUSPENDED);
  if (kind !== "Suspended" || metadata.deletionTimestamp === undefined || now === undefined) return [];
  if (findCondition(status?.conditions, SUSPENDED)?.message === now.message) return [];
  return [{ type: "Warning", reason: now.reason, action: "Delete", note: noteText(now.message, "conditions") }];
}

/** The notes of an adoption come first, because the list of writes may be cut. */
function announced({ actions, notes = [] }: Plan): string {
  const known = notes.map(({ message }) => `${message}. `).join("");
  return noteText(`${known}next: ${titlesOf(actions)}`, "plan");
}

/** Reports new unmanaged policies on the role. */
function aboutUnmanagedPolicies({ spec, status, metadata }: ReportedObject, result: Result): EventDraft[] {
  const plan = isBlocked(result) ? undefined : observationIn(result)?.plan;
  if (plan === undefined || metadata.deletionTimestamp !== undefined) return [];
  const now = bounded(plan.unmanagedPolicies) ?? [];
  const before = status?.unmanagedPolicies ?? [];
  if (now.every((policy) => before.includes(policy))) return [];
  const note =
    `role ${spec?.roleName} has unmanaged policies, which the spec does not name: ${now.join(", ")}. The controller leaves them; ` +
    "set unmanagedPolicies: Remove to remove them.";
  return [
    { type: "Warning", reason: "UnmanagedPolicies", action: "Observe", note: noteText(note, "unmanagedPolicies") },
  ];
}

/** Reports new conflicts with other instance profiles or objects. */
function aboutConflicts(object: ReportedObject, conditions: readonly ConditionDraft[]): EventDraft[] {
  const now = conditions.find(({ type }) => type === INSTANCES_ASSOCIATED);
  if (now?.reason !== "InstanceConflict") return [];
  const before = findCondition(object.status?.conditions, INSTANCES_ASSOCIATED);
  if (before?.reason === now.reason && before.message === now.message) return [];
  return [{ type: "Warning", reason: now.reason, action: "Associate", note: noteText(now.message, "conditions") }];
}

/** The titles of applied writes, which status does not list. */
function listed(actions: readonly Action[]): string {
  return noteText(titlesOf(actions), "log");
}

/** The applied writes, after who made the change that they repair and what they did to the access of the role. */
function listedWithEffect(
  applied: readonly Action[],
  { before, repairedChanges = [] }: Pick<Observation, "before" | "repairedChanges"> = {},
): string {
  const effect = before && accessEffect(before, applied);
  const why = [...afterChanges(repairedChanges), ...(effect === undefined ? [] : [effect])];
  return noteText([...why, titlesOf(applied)].join(": "), "log");
}

/** Names the last change, to which the others led, and counts those. */
function afterChanges(changes: readonly string[]): readonly string[] {
  const last = changes.at(-1);
  if (last === undefined) return [];
  return [`after ${last}${changes.length === 1 ? "" : ` and ${changes.length - 1} more`}`];
}

/** Each title once: an adoption from another cluster writes tags of the role before the rest, and may write others later. */
function titlesOf(actions: readonly Action[]): string {
  const titles = actions.map((action) => {
    const { symbol, title } = describeAction(action);
    return `${symbol} ${title}`;
  });
  return [...new Set(titles)].join("; ");
}
