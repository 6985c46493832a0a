import { type AcceptedClass, type InstanceProfileStatus, RECONCILE_AT_ANNOTATION } from "../api/instance-profile.ts";
import { grantedLine } from "../plan/access/planned-access.ts";
import type { Action } from "../plan/action.ts";
import type { Plan } from "../plan/plan.ts";
import { planLines } from "../plan/render.ts";
import { aboutCompliance, COMPLIANT, type Compliance, isComplianceChange } from "./compliance.ts";
import { type ConditionDraft, fitted, isReportedQueued, writeConditions } from "./conditions.ts";
import { conditionsOf, wasReady } from "./conditions-of.ts";
import { compact, namesOf, type Writable } from "./entities.ts";
import { eventsOf } from "./events.ts";
import { instancesOf } from "./instances.ts";
import { bounded } from "./limits.ts";
import type { EventDraft, ReportedObject } from "./outcome.ts";
import { type Requeue, type RequeueIntervals, requeueOf } from "./requeue.ts";
import { type Observation, observationIn, ownStateIn, type Result } from "./result.ts";
import { withLastUse } from "./status-change.ts";

/** What a reconcile reports to the user, and when the next one is due. */
export interface Summary {
  readonly status: InstanceProfileStatus;
  readonly events: readonly EventDraft[];
  readonly requeue: Requeue;
}

/** The inputs of a summary besides object and result. */
export interface SummaryContext {
  /** RFC 3339, whole seconds. */
  readonly now: string;
  /** In [0, 1). */
  readonly random: number;
  readonly intervals: RequeueIntervals;
  /** The number of failures in a row, including this one. */
  readonly failures: number;
  /** Unset for an object that needs no class. */
  readonly compliance?: Compliance | undefined;
  /** The record of its acceptance, with the class as it is now; unset: unchanged. */
  readonly accepted?: AcceptedClass | undefined;
  /** The writes that are pending after access was removed; unset: those of the result. */
  readonly pending?: readonly Action[] | undefined;
  /** The end of the lag of the result, as RFC 3339; unset: it has none. */
  readonly lagsUntil?: string | undefined;
}

/** The number of transient failures in a row that are not reported while the object is Ready. */
const TOLERATED_FAILURES = 2;

/**
 * Computes status, Events and requeue from a result. The status is complete: it carries over from the object what the result does not
 * contain. The same result for the object with this status gives the same status, so it is not written twice.
 */
export function summarize(object: ReportedObject, result: Result, context: SummaryContext): Summary {
  const requeue = requeueOf(result, context.intervals, context.random);
  const { compliance, accepted, pending, lagsUntil } = context;
  const isChange = pending !== undefined || isComplianceChange(object, compliance) || isReportedQueued(object);
  const isQuiet = !isChange && openRequest(object) === undefined && isTolerable(object, result, context.failures);
  if (object.status !== undefined && isQuiet) return { status: object.status, events: [], requeue };
  const drafts = [...conditionsOf(object, result, lagsUntil), ...aboutCompliance(compliance)].map(fitted);
  const status: InstanceProfileStatus = compact({
    ...carriedOver(object),
    ...(accepted !== undefined && { class: accepted }),
    ...namesOf(object, result),
    ...handOverIn(result),
    ...listsOf(result),
    ...(pending !== undefined && { plan: linesOf(pending) }),
    ...instancesOf(object, result, Date.parse(context.now)),
    ...verification(object, result, drafts, context.now),
    observedGeneration: object.metadata.generation,
    conditions: writeConditions(drafts, object.status?.conditions ?? [], object.metadata.generation, context.now),
  });
  return {
    status: withLastUse(object.status, status, result),
    events: eventsOf(object, result, drafts, compliance),
    requeue,
  };
}

/**
 * The status of an object that AWS is in sync with, after a change of its class that changes nothing in AWS.
 *
 * @param accepted unset: unchanged
 */
export function withClass(
  { metadata, status = {} }: ReportedObject,
  compliance: Compliance | undefined,
  accepted: AcceptedClass | undefined,
  now: string,
): InstanceProfileStatus {
  const conditions = status.conditions ?? [];
  const drafts = aboutCompliance(compliance).map(fitted);
  return {
    ...status,
    ...(accepted !== undefined && { class: accepted }),
    conditions: [
      ...conditions.filter(({ type }) => type !== COMPLIANT),
      ...writeConditions(drafts, conditions, metadata.generation, now),
    ],
  };
}

function isTolerable(object: ReportedObject, result: Result, failures: number): boolean {
  if (result.kind !== "Retrying" || failures > TOLERATED_FAILURES || !wasReady(object)) return false;
  // What was written is reported now: no later reconcile knows of it.
  if ((result.observation?.applied.length ?? 0) > 0) return false;
  return result.disposition !== "terminal" && result.disposition !== "blocked";
}

function carriedOver({ status }: ReportedObject): Partial<InstanceProfileStatus> {
  if (status === undefined) return {};
  const { accountId, role, instanceProfile, managedPolicies, handedOverTo, plan, unmanagedPolicies, instances } =
    status;
  const { lastUsed, lastVerifiedTime, lastHandledReconcileAt, class: accepted } = status;
  return compact({
    accountId,
    class: accepted,
    role,
    instanceProfile,
    managedPolicies,
    handedOverTo,
    plan,
    unmanagedPolicies,
    instances,
    lastUsed,
    lastVerifiedTime,
    lastHandledReconcileAt,
  });
}

/** The cluster that has adopted what the object had; none once the object owns it again. Unchanged while AWS is not read, or not written. */
function handOverIn(result: Result): Partial<Writable<InstanceProfileStatus>> {
  const observation = observationIn(result);
  if (observation?.plan.handedOverTo !== undefined) return { handedOverTo: observation.plan.handedOverTo };
  return ownStateIn(result) !== undefined && observation?.mayWrite ? { handedOverTo: undefined } : {};
}

function listsOf(result: Result): Partial<Writable<InstanceProfileStatus>> {
  if (result.kind === "BlockedByClass") return { plan: undefined, unmanagedPolicies: undefined };
  if (result.kind === "AdoptionPlanned") return listsIn(result.plan, result.plan.actions);
  const observation = observationIn(result);
  if (observation === undefined) return {};
  const lists = listsIn(observation.plan, pendingIn(observation));
  return result.kind === "DryRun" ? { ...lists, plan: previewOf(observation) } : lists;
}

/** The pending writes of a dry run, after what they grant. */
function previewOf(observation: Observation): readonly string[] | undefined {
  const pending = pendingIn(observation);
  const granted = grantedLine(observation.state, pending);
  return bounded([...(granted === undefined ? [] : [granted]), ...planLines({ ...NO_PLAN, actions: pending })]);
}

function listsIn(plan: Plan, actions: readonly Action[]): Partial<Writable<InstanceProfileStatus>> {
  return { plan: linesOf(actions), unmanagedPolicies: bounded(plan.unmanagedPolicies) };
}

function linesOf(actions: readonly Action[]): readonly string[] | undefined {
  return bounded(planLines({ ...NO_PLAN, actions }));
}

const NO_PLAN: Plan = { actions: [], blockers: [], unmanagedPolicies: [] };

/** The pending writes: the one that stopped the plan and all after it, or those that AWS refused for single instances. */
function pendingIn({ plan: { actions }, applied, refused }: Observation): readonly Action[] {
  return refused.length === 0 ? actions.slice(applied.length) : actions.filter((action) => !applied.includes(action));
}

/** The bound of the CRD. */
const MAX_REQUEST_CHARS = 1_024;

/** The minimum time between two updates of `lastVerifiedTime` without another change, so that a fleet in sync rarely writes status. */
const VERIFIED_UPDATE_MS = 3_600_000;

/** The time of the last verification, updated with another change of the status, or after a time that differs between objects. */
function verification(
  object: ReportedObject,
  result: Result,
  drafts: readonly ConditionDraft[],
  now: string,
): Partial<InstanceProfileStatus> {
  // A suspended object handles no request, and a read that lags, or of a part, answers none.
  const { lag, isPartial } = observationIn(result) ?? {};
  if (result.kind === "Suspended" || lag !== undefined || isPartial) return {};
  const request = openRequest(object);
  const isReady = drafts.some((draft) => draft.type === "Ready" && draft.status === "True");
  const isUpdate =
    isReady &&
    (request !== undefined ||
      !wasReady(object) ||
      (observationIn(result)?.applied.length ?? 0) > 0 ||
      Date.parse(now) - Date.parse(object.status?.lastVerifiedTime ?? "") >= verifiedUpdateMs(object.metadata.uid));
  return {
    ...(request !== undefined && { lastHandledReconcileAt: request }),
    ...(isUpdate && { lastVerifiedTime: now }),
  };
}

/** The value of the annotation `reconcile-at` that was not handled yet, as much of it as status can hold; undefined: none. */
export function openRequest({ metadata, status }: ReportedObject): string | undefined {
  const request = metadata.annotations?.[RECONCILE_AT_ANNOTATION]?.slice(0, MAX_REQUEST_CHARS);
  return request === status?.lastHandledReconcileAt ? undefined : request;
}

/** From one to one and a half hours, constant for one object, so that objects that were created together are not updated together. */
function verifiedUpdateMs(uid: string): number {
  const sum = [...uid].reduce((hash, character) => (Math.imul(hash, 31) + character.charCodeAt(0)) >>> 0, 0);
  return VERIFIED_UPDATE_MS * (1 + (sum % 1_000) / 2_000);
}
