import type { InstanceProfile } from "../api/instance-profile.ts";
import type { Action } from "../plan/action.ts";
import { describeAction } from "../plan/describe-action.ts";
import { isInstanceAction } from "../plan/instances/instance-action.ts";
import { isAdoption, type Plan } from "../plan/plan.ts";
import { removesAccess } from "../plan/removes-access.ts";
import { COMPLIANT, type Compliance, isComplianceNews } from "./compliance.ts";
import { type ConditionDraft, findCondition } from "./conditions.ts";
import { wasReady } from "./conditions-of.ts";
import { aboutIdentity } from "./identity.ts";
import { INSTANCES_ASSOCIATED } from "./instances.ts";
import { noteText } from "./note.ts";
import type { EventDraft, ObjectSoFar } from "./outcome.ts";
import { type Observation, observationIn, type Result } from "./result.ts";
import { RESULT_TABLE } from "./result-table.ts";
import { bounded } from "./truncate.ts";

/**
 * The Events of one reconcile: one for what was written to AWS, one for each entity that is another one than before, one when
 * `Ready` turns false or changes its reason. An outcome like the one before is no news.
 */
export function eventsOf(
  object: ObjectSoFar,
  result: Result,
  conditions: readonly ConditionDraft[],
  compliance?: Compliance,
): EventDraft[] {
  const trouble = aboutTrouble(object, result, conditions);
  // What blocks is looked at again and again, and the status goes on showing the former entity.
  const isNews = !isBlocked(result) || trouble.length > 0;
  return [
    ...aboutWrites(object, result),
    ...aboutViolation(object, conditions, compliance),
    ...(isNews ? aboutIdentity(object, result) : []),
    ...trouble,
    ...aboutStrangers(object, result),
    ...aboutConflicts(object, conditions),
  ];
}

/**
 * A violation that is new or another one, where `Ready` does not say it already, and the access that was taken away because the
 * rest of the spec could not be applied.
 */
function aboutViolation(
  object: ObjectSoFar,
  conditions: readonly ConditionDraft[],
  compliance: Compliance | undefined,
): readonly EventDraft[] {
  if (compliance === undefined) return [];
  const { revoked = [] } = compliance;
  const now = conditions.find(({ type }) => type === COMPLIANT);
  const isShown = conditions.some(({ type, reason }) => type === "Ready" && reason === now?.reason);
  const isViolation = compliance.kind === "violated" && now !== undefined;
  const isNews = isViolation && !isShown && isComplianceNews(object, compliance);
  return [
    ...(isNews
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

/** The reason of the Event about access that was removed because the class does not allow it. */
const ACCESS_STRIPPED = "AccessStripped";

function isBlocked({ kind }: Result): boolean {
  return kind === "BlockedByPlan" || kind === "BlockedByClass";
}

/** What a deletion passed over, or could not know: by force, or for want of permission. */
export function noteEvents({ plan, applied }: Pick<Observation, "plan" | "applied">): EventDraft[] {
  if (applied.length === 0) return [];
  return (plan.notes ?? []).map(({ reason, message }) => ({
    type: "Warning",
    reason,
    action: "Delete",
    note: noteText(message, "log"),
  }));
}

/** All that was ever made for the object is gone, or was left as the spec asks. */
export function deletedEvents({ spec }: InstanceProfile, applied: readonly Action[]): readonly EventDraft[] {
  const note =
    applied.length === 0
      ? `nothing to delete: role ${spec.roleName} and instance profile ${spec.instanceProfileName} do not exist, are retained, or are not owned`
      : listed(applied);
  return [...aboutForce(applied), { type: "Normal", reason: "Deleted", action: "Delete", note }];
}

/** One for each thing that somebody else had put there and that went all the same. */
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

function aboutWrites(object: ObjectSoFar, result: Result): EventDraft[] {
  const applied = observationIn(result)?.applied ?? [];
  if (applied.length === 0) return [];
  const note = listed(applied);
  // A deletion that stops on its way: no later reconcile knows what it has removed so far.
  if (object.metadata.deletionTimestamp !== undefined)
    return [...aboutForce(applied), { type: "Normal", reason: "Deleting", action: "Delete", note }];
  const isStripped = result.kind === "Stripped";
  if (isStripped && applied.some(removesAccess))
    return [{ type: "Warning", reason: ACCESS_STRIPPED, action: "Strip", note }];
  // What the class has left of the spec is no drift.
  return [{ type: "Normal", ...whatItWas(applied, wasReady(object) && !isStripped), note }];
}

function whatItWas(applied: readonly Action[], wasInSync: boolean): { reason: string; action: string } {
  if (applied.every(isInstanceAction)) return { reason: "InstancesUpdated", action: "Associate" };
  if (applied.some(isAdoption)) return { reason: "Adopted", action: "Adopt" };
  if (wasInSync) return { reason: "DriftRepaired", action: "Repair" };
  if (applied.some((action) => action.kind === "CreateRole" || action.kind === "CreateInstanceProfile")) {
    return { reason: "Created", action: "Create" };
  }
  return { reason: "Updated", action: "Update" };
}

function aboutTrouble(object: ObjectSoFar, result: Result, conditions: readonly ConditionDraft[]): EventDraft[] {
  const { event: type } = RESULT_TABLE[result.kind];
  const now = conditions.find((condition) => condition.type === "Ready");
  if (type === undefined || now?.status !== "False") return [];
  const before = findCondition(object.status?.conditions, "Ready");
  if (before?.status === "False" && before.reason === now.reason && before.message === now.message) return [];
  const note = result.kind === "AdoptionPlanned" ? announced(result.plan) : noteText(now.message, "conditions");
  return [{ type, reason: now.reason, action: "Reconcile", note }];
}

/** What the reader must know of an adoption comes first: the list of writes may be cut. */
function announced({ actions, notes = [] }: Plan): string {
  const known = notes.map(({ message }) => `${message}. `).join("");
  return noteText(`${known}next: ${titlesOf(actions)}`, "plan");
}

/** Permissions that the spec does not give are news when they come. */
function aboutStrangers({ spec, status, metadata }: ObjectSoFar, result: Result): EventDraft[] {
  const plan = isBlocked(result) ? undefined : observationIn(result)?.plan;
  if (plan === undefined || metadata.deletionTimestamp !== undefined) return [];
  const now = bounded(plan.unmanagedPolicies) ?? [];
  const before = status?.unmanagedPolicies ?? [];
  if (now.every((policy) => before.includes(policy))) return [];
  const note =
    `role ${spec?.roleName} has unmanaged policies, which the spec does not name: ${now.join(", ")}. They are left alone; ` +
    "set unmanagedPolicies: Remove to remove them.";
  return [
    { type: "Warning", reason: "UnmanagedPolicies", action: "Observe", note: noteText(note, "unmanagedPolicies") },
  ];
}

/** Instances that are somebody else's: news when they become so, or become others. */
function aboutConflicts(object: ObjectSoFar, conditions: readonly ConditionDraft[]): EventDraft[] {
  const now = conditions.find(({ type }) => type === INSTANCES_ASSOCIATED);
  if (now?.reason !== "InstanceConflict") return [];
  const before = findCondition(object.status?.conditions, INSTANCES_ASSOCIATED);
  if (before?.reason === now.reason && before.message === now.message) return [];
  return [{ type: "Warning", reason: now.reason, action: "Associate", note: noteText(now.message, "conditions") }];
}

/** Writes that were made: status does not list them. */
function listed(actions: readonly Action[]): string {
  return noteText(titlesOf(actions), "log");
}

function titlesOf(actions: readonly Action[]): string {
  const titles = actions.map((action) => {
    const { symbol, title } = describeAction(action);
    return `${symbol} ${title}`;
  });
  return titles.join("; ");
}
