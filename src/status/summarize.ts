import {
  type AwsObjectReference,
  type InstanceProfileStatus,
  RECONCILE_AT_ANNOTATION,
} from "../api/instance-profile.ts";
import { dispositionOf } from "../errors.ts";
import type { Action } from "../plan/action.ts";
import { planLines } from "../plan/render.ts";
import { aboutCompliance, type Compliance, isComplianceNews } from "./compliance.ts";
import { type ConditionDraft, fitted, writeConditions } from "./conditions.ts";
import { eventsOf } from "./events.ts";
import { instancesOf } from "./instances.ts";
import { judge, wasReady } from "./judge.ts";
import type { EventDraft, ObjectSoFar, Outcome, Requeue } from "./outcome.ts";
import { bounded } from "./pending.ts";
import { errorOf, type Patience, requeueOf } from "./requeue.ts";

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
  readonly patience: Patience;
  /** How often in a row the object has failed, this time included. */
  readonly failures: number;
  /** Since the object first failed for the reason that it fails for now; unset: for longer than anything that passes. */
  readonly failingForMs?: number;
  /** Unset for an object that needs no class. */
  readonly compliance?: Compliance | undefined;
}

/** So many passing failures in a row are nobody's news while the object is otherwise well. */
const TOLERATED_FAILURES = 2;

/**
 * Makes status, events and requeue from an outcome. The status is whole: what the outcome does not know is carried over
 * from the object. The same outcome on the object it produced gives the same status, so it is not written twice.
 */
export function summarize(object: ObjectSoFar, outcome: Outcome, context: SummaryContext): Summary {
  const requeue = requeueOf(outcome, context.patience, context.random, context.failingForMs);
  const { compliance } = context;
  const isQuiet = !isComplianceNews(object, compliance) && isTolerable(object, outcome, context.failures);
  if (object.status !== undefined && isQuiet) return { status: object.status, events: [], requeue };
  const drafts = [...judge(object, outcome, context.failingForMs), ...aboutCompliance(compliance)].map(fitted);
  return {
    status: compact({
      ...carriedOver(object),
      ...namesOf(outcome),
      ...listsOf(outcome),
      ...instancesOf(object, outcome, Date.parse(context.now)),
      ...verification(object, outcome, drafts, context.now),
      observedGeneration: object.metadata.generation,
      conditions: writeConditions(drafts, object.status?.conditions ?? [], object.metadata.generation, context.now),
    }),
    events: eventsOf(object, outcome, drafts, compliance),
    requeue,
  };
}

function isTolerable(object: ObjectSoFar, outcome: Outcome, failures: number): boolean {
  const error = errorOf(outcome);
  if (error === undefined || failures > TOLERATED_FAILURES || !wasReady(object)) return false;
  const disposition = dispositionOf(error);
  return disposition === "throttled" || disposition === "retryable" || disposition === "conflict";
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
function namesOf(outcome: Outcome): Partial<Writable<InstanceProfileStatus>> {
  if (outcome.kind === "suspended" || outcome.kind === "failed" || outcome.kind === "announced") return {};
  if (outcome.plan.blockers.length > 0) return {};
  const state = outcome.kind === "converged" ? outcome.after : outcome.observed;
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

function listsOf(outcome: Outcome): Partial<Writable<InstanceProfileStatus>> {
  if (outcome.kind === "suspended" || outcome.kind === "failed") return {};
  const { plan } = outcome;
  const pending = planLines({ ...plan, actions: leftOf(outcome) });
  return { plan: bounded(pending), unmanagedPolicies: bounded(plan.unmanagedPolicies) };
}

/** What is still to be done: what stopped the plan and all after it, or what the refused instances have left of it. */
function leftOf(outcome: Extract<Outcome, { readonly plan: unknown }>): readonly Action[] {
  const { actions } = outcome.plan;
  if (outcome.kind !== "converged") return actions;
  if (outcome.refused === undefined) return actions.slice(outcome.applied.length);
  return actions.filter((action) => !outcome.applied.includes(action));
}

/** How long `lastVerifiedTime` may stand still at least, so that a fleet in sync writes next to no status. */
const VERIFIED_ANEW_MS = 3_600_000;

/** Times move with something to tell, and else now and then, at another time for each object. */
function verification(
  object: ObjectSoFar,
  outcome: Outcome,
  drafts: readonly ConditionDraft[],
  now: string,
): Partial<InstanceProfileStatus> {
  if (outcome.kind === "suspended" || errorOf(outcome) !== undefined) return {};
  const asked = object.metadata.annotations?.[RECONCILE_AT_ANNOTATION];
  const isAnswer = asked !== undefined && asked !== object.status?.lastHandledReconcileAt;
  const isReady = drafts.some((draft) => draft.type === "Ready" && draft.status === "True");
  const isNews =
    isReady &&
    (isAnswer ||
      !wasReady(object) ||
      (outcome.kind === "converged" && outcome.applied.length > 0) ||
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
