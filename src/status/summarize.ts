import {
  type AcceptedClass,
  type AwsObjectReference,
  type InstanceProfileStatus,
  RECONCILE_AT_ANNOTATION,
} from "../api/instance-profile.ts";
import type { Action } from "../plan/action.ts";
import type { Plan } from "../plan/plan.ts";
import { planLines } from "../plan/render.ts";
import { aboutCompliance, type Compliance, isComplianceNews } from "./compliance.ts";
import { type ConditionDraft, fitted, writeConditions } from "./conditions.ts";
import { conditionsOf, wasReady } from "./conditions-of.ts";
import { eventsOf } from "./events.ts";
import { instancesOf } from "./instances.ts";
import type { EventDraft, ObjectSoFar } from "./outcome.ts";
import { type Requeue, type RequeueIntervals, requeueOf } from "./requeue.ts";
import { errorIn, type Observation, observationIn, ownStateIn, type Result } from "./result.ts";
import { bounded } from "./truncate.ts";

/** What the user sees of a reconcile, and when the next one is. */
export interface Summary {
  readonly status: InstanceProfileStatus;
  readonly events: readonly EventDraft[];
  readonly requeue: Requeue;
}

/** What the summary depends on besides object and outcome. */
export interface SummaryContext {
  /** RFC 3339, whole seconds. */
  readonly now: string;
  /** In [0, 1). */
  readonly random: number;
  readonly intervals: RequeueIntervals;
  /** How often in a row the object has failed, this time included. */
  readonly failures: number;
  /** Unset for an object that needs no class. */
  readonly compliance?: Compliance | undefined;
  /** The record of its acceptance as the class is now; unset: as it was. */
  readonly accepted?: AcceptedClass | undefined;
  /** What is still to be written after access was removed; unset: as the result says. */
  readonly pending?: readonly Action[] | undefined;
}

/** So many passing failures in a row are nobody's news while the object is otherwise well. */
const TOLERATED_FAILURES = 2;

/**
 * Makes status, Events and requeue from a result. The status is whole: what the result does not know is carried over from the
 * object. The same result on the object that has this status gives the same status, so it is not written twice.
 */
export function summarize(object: ObjectSoFar, result: Result, context: SummaryContext): Summary {
  const requeue = requeueOf(result, context.intervals, context.random);
  const { compliance, accepted, pending } = context;
  const isNews = pending !== undefined || isComplianceNews(object, compliance);
  const isQuiet = !isNews && isTolerable(object, result, context.failures);
  if (object.status !== undefined && isQuiet) return { status: object.status, events: [], requeue };
  const drafts = [...conditionsOf(object, result), ...aboutCompliance(compliance)].map(fitted);
  return {
    status: compact({
      ...carriedOver(object),
      ...(accepted !== undefined && { class: accepted }),
      ...namesOf(result),
      ...listsOf(result),
      ...(pending !== undefined && { plan: linesOf(pending) }),
      ...instancesOf(object, result, Date.parse(context.now)),
      ...verification(object, result, drafts, context.now),
      observedGeneration: object.metadata.generation,
      conditions: writeConditions(drafts, object.status?.conditions ?? [], object.metadata.generation, context.now),
    }),
    events: eventsOf(object, result, drafts, compliance),
    requeue,
  };
}

function isTolerable(object: ObjectSoFar, result: Result, failures: number): boolean {
  if (result.kind !== "Retrying" || failures > TOLERATED_FAILURES || !wasReady(object)) return false;
  return result.disposition !== "terminal" && result.disposition !== "blocked";
}

function carriedOver({ status }: ObjectSoFar): Partial<InstanceProfileStatus> {
  if (status === undefined) return {};
  const { accountId, role, instanceProfile, plan, unmanagedPolicies, instances, class: accepted } = status;
  const { lastVerifiedTime, lastHandledReconcileAt } = status;
  return compact({
    accountId,
    class: accepted,
    role,
    instanceProfile,
    plan,
    unmanagedPolicies,
    instances,
    lastVerifiedTime,
    lastHandledReconcileAt,
  });
}

/** Names are shown of what is known to be the object's: not of what blocks it, or is yet to be adopted. */
function namesOf(result: Result): Partial<Writable<InstanceProfileStatus>> {
  const state = ownStateIn(result);
  if (state === undefined) return {};
  const role = referenceOf(state.role, (it) => it.roleId);
  const accountId = role?.arn.split(":")[4];
  return { role, instanceProfile: referenceOf(state.instanceProfile, (it) => it.id), ...(accountId && { accountId }) };
}

function referenceOf<T extends { readonly presence: "present"; readonly arn: string }>(
  entity: T | { readonly presence: "absent" },
  id: (entity: T) => string,
): AwsObjectReference | undefined {
  if (entity.presence === "absent" || !entity.arn.startsWith("arn:")) return undefined;
  return { arn: entity.arn, id: id(entity) };
}

function listsOf(result: Result): Partial<Writable<InstanceProfileStatus>> {
  if (result.kind === "BlockedByClass") return { plan: undefined, unmanagedPolicies: undefined };
  if (result.kind === "AdoptionPlanned") return listsIn(result.plan, result.plan.actions);
  const observation = observationIn(result);
  return observation === undefined ? {} : listsIn(observation.plan, pendingIn(observation));
}

function listsIn(plan: Plan, actions: readonly Action[]): Partial<Writable<InstanceProfileStatus>> {
  return { plan: linesOf(actions), unmanagedPolicies: bounded(plan.unmanagedPolicies) };
}

function linesOf(actions: readonly Action[]): readonly string[] | undefined {
  return bounded(planLines({ actions, blockers: [], unmanagedPolicies: [] }));
}

/** The writes that are still to be made: the one that stopped the plan and all after it, or what the refused instances left of it. */
function pendingIn({ plan: { actions }, applied, refused }: Observation): readonly Action[] {
  return refused.length === 0 ? actions.slice(applied.length) : actions.filter((action) => !applied.includes(action));
}

/** How long `lastVerifiedTime` may stand still at least, so that a fleet in sync writes next to no status. */
const VERIFIED_ANEW_MS = 3_600_000;

/** Times move with something to tell, and else now and then, at another time for each object. */
function verification(
  object: ObjectSoFar,
  result: Result,
  drafts: readonly ConditionDraft[],
  now: string,
): Partial<InstanceProfileStatus> {
  if (result.kind === "Suspended" || errorIn(result) !== undefined) return {};
  const asked = object.metadata.annotations?.[RECONCILE_AT_ANNOTATION];
  const isAnswer = asked !== undefined && asked !== object.status?.lastHandledReconcileAt;
  const isReady = drafts.some((draft) => draft.type === "Ready" && draft.status === "True");
  const isNews =
    isReady &&
    (isAnswer ||
      !wasReady(object) ||
      (observationIn(result)?.applied.length ?? 0) > 0 ||
      Date.parse(now) - Date.parse(object.status?.lastVerifiedTime ?? "") >= verifiedAnewMs(object.metadata.uid));
  return { ...(isAnswer && { lastHandledReconcileAt: asked }), ...(isNews && { lastVerifiedTime: now }) };
}

/** From one to one and a half hours, always the same for one object: what was made together is not verified together. */
function verifiedAnewMs(uid: string): number {
  const sum = [...uid].reduce((hash, character) => (Math.imul(hash, 31) + character.charCodeAt(0)) >>> 0, 0);
  return VERIFIED_ANEW_MS * (1 + (sum % 1_000) / 2_000);
}

type Writable<T> = { -readonly [K in keyof T]: T[K] | undefined };

/** A status without the fields that have nothing to say. */
function compact<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

/** True when writing `next` over `current` would change nothing. Key order is no difference. */
export function sameStatus(current: InstanceProfileStatus | undefined, next: InstanceProfileStatus): boolean {
  return JSON.stringify(sortKeys(current ?? {})) === JSON.stringify(sortKeys(next));
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, part]) => [key, sortKeys(part)]),
  );
}
