import type { AcceptedClass, InstanceProfile } from "../../api/instance-profile.ts";
import { parseInstanceProfile } from "../../api/parse-instance-profile.ts";
import type { AccountSnapshot } from "../../engine/observe/account-snapshot.ts";
import type { RecentWrites } from "../../engine/observe/recent-writes.ts";
import {
  isCovered,
  observedIn,
  type Part,
  type PartsToReread,
  partsToReread,
  type StaleObservation,
} from "../../engine/observe/stale-observation.ts";
import type { KubeObject } from "../../engine/ports.ts";
import { ControllerError } from "../../errors.ts";
import { type DesiredPresent, desiredState } from "../../model/desired-state.ts";
import type { ObservedState } from "../../model/observed-state.ts";
import { diff } from "../../plan/diff.ts";
import { ofPolicy } from "../../plan/proof.ts";
import type { Compliance } from "../../status/compliance.ts";
import { findCondition } from "../../status/conditions.ts";
import { DRY_RUN } from "../../status/conditions-of.ts";
import type { Outcome } from "../../status/outcome.ts";
import type { RequeueIntervals } from "../../status/requeue.ts";
import { classify } from "../../status/result.ts";
import { sameButLastUse } from "../../status/status-change.ts";
import { summarize } from "../../status/summarize.ts";
import { currentRecord } from "../classes/acceptance-record.ts";
import { blockersOf, complianceOf } from "../classes/class-binding.ts";
import type { ClassResolver } from "../classes/class-resolver.ts";
import { keyText } from "../object-key.ts";
import { isInterruptedCreate } from "../reconcile/subject.ts";

/**
 * An object that a scan compares: it was in sync at its last reconcile, is a dry run, or its create was interrupted.
 */
export interface ScanSubject {
  readonly key: string;
  readonly object: InstanceProfile;
  readonly desired: DesiredPresent;
  /** The compliance that a reconcile would report. */
  readonly compliance: Compliance | undefined;
  /** See {@link currentRecord}. */
  readonly accepted: AcceptedClass | undefined;
  /** See {@link isInterruptedCreate}. */
  readonly isInterruptedCreate: boolean;
}

/** Whether an object is in sync with its spec and status by a scan. */
export type Verdict =
  | { readonly kind: "in sync"; readonly observed: ObservedState }
  /** IAM lags behind recent writes, and shows no other difference. */
  | { readonly kind: "propagating" }
  | { readonly kind: "different"; readonly observation: StaleObservation };

const NOTHING: PartsToReread = new Set();

/** The dependencies of {@link subjectOf}. */
export interface SubjectRules {
  readonly classes: Pick<ClassResolver, "bindingOf">;
  readonly clusterId: string;
}

/**
 * The object as the subject of a scan, with its class applied; undefined when it is reconciled separately, or not at
 * all. An interrupted create is a subject only of the first scan, which its reconcile waits for.
 */
export function subjectOf(
  raw: KubeObject,
  { classes, clusterId }: SubjectRules,
  isFirstScan = false,
): ScanSubject | undefined {
  const parsed = parse(raw);
  if (parsed === undefined) return undefined;
  const { metadata, spec, status } = parsed;
  const state = findCondition(status?.conditions, "Ready") ?? findCondition(status?.conditions, DRY_RUN);
  const isCurrent = state?.status === "True" && state.observedGeneration === metadata.generation;
  const isInterrupted = isFirstScan && isInterruptedCreate(parsed);
  if (spec.suspend || !(isCurrent || isInterrupted)) return undefined;
  const binding = classes.bindingOf(parsed);
  if (binding.kind === "refused" || blockersOf(binding).length > 0) return undefined;
  const { object } = binding;
  const desired = desiredState(object, clusterId);
  if (desired.presence !== "present") return undefined;
  const compliance = complianceOf(binding, status);
  return {
    key: keyText(metadata),
    object,
    desired,
    compliance,
    accepted: currentRecord(binding),
    isInterruptedCreate: isInterrupted,
  };
}

function parse(raw: KubeObject): InstanceProfile | undefined {
  try {
    return parseInstanceProfile(raw);
  } catch (error) {
    if (error instanceof ControllerError) return undefined;
    throw error;
  }
}

/** Compares the object with the snapshot, by the same diff as a reconcile. Pure, except that it reads recent writes. */
export function verdictOf(
  { object, desired, compliance, accepted, isInterruptedCreate: isOfInterruptedCreate }: ScanSubject,
  snapshot: AccountSnapshot,
  context: { readonly recentWrites: RecentWrites; readonly intervals: RequeueIntervals; readonly now: string },
): Verdict {
  const observed = observedIn(snapshot, desired);
  const { state, lagsUntilMs } = context.recentWrites.overlay(desired, observed);
  const plan = diff(desired, state);
  const toReread = partsToReread(plan, desired);
  const undescribed = undescribedPolicies(state, desired);
  if (lagsUntilMs !== undefined && isCovered(toReread, NOTHING)) return { kind: "propagating" };
  if (isOfInterruptedCreate)
    return {
      kind: "different",
      observation: { observed, toReread: including(toReread, PROFILE), isOfInterruptedCreate },
    };
  const isDryRun = object.spec.mode === "DryRun";
  const wasDryRun = isDryRun || findCondition(object.status?.conditions, DRY_RUN) !== undefined;
  const unread = [...undescribed.map(ofPolicy), ...(wasDryRun ? PROFILE : [])];
  const observation: StaleObservation = { observed, toReread: including(toReread, unread) };
  if (!isDryRun && !isCovered(toReread, NOTHING)) return { kind: "different", observation };
  const isReported = (after: ObservedState): boolean => {
    const planned = after === state ? plan : diff(desired, after);
    const outcome: Outcome = isDryRun
      ? { kind: "previewed", plan: planned, observed: after, visibleInMs: 0 }
      : { kind: "converged", plan: planned, applied: [], failed: undefined, after, visibleInMs: 0 };
    const { status } = summarize(object, classify(object, outcome), {
      now: context.now,
      random: 0,
      intervals: context.intervals,
      failures: 0,
      compliance,
      accepted,
    });
    return sameButLastUse(object.status, status);
  };
  const isInSync = isReported(state) || (undescribed.length > 0 && isReported(describedOtherwise(state, undescribed)));
  return isInSync ? { kind: "in sync", observed } : { kind: "different", observation };
}

/**
 * The instance profile, whose tags no list contains: the status of an interrupted create does not name it, and after a dry run it
 * may still have regions with instances that the spec no longer selects.
 */
const PROFILE: readonly Part[] = ["instance profile"];

function including(parts: PartsToReread, more: readonly Part[]): PartsToReread {
  return parts === "everything" ? parts : new Set([...parts, ...more]);
}

/**
 * The managed policies for which the spec has a description, and the scan none: a report may lack it, so only a read shows whether the
 * status must say that IAM keeps another one. Until then, the status may say either.
 */
function undescribedPolicies({ managedPolicies = [] }: ObservedState, desired: DesiredPresent): readonly string[] {
  const described = desired.managedPolicies.filter(({ description }) => description !== "").map(({ arn }) => arn);
  return managedPolicies
    .filter(({ arn, description }) => description === undefined && described.includes(arn))
    .map(({ arn }) => arn);
}

/** The state in which these policies have other descriptions than those of the spec. */
function describedOtherwise(state: ObservedState, arns: readonly string[]): ObservedState {
  const managedPolicies = (state.managedPolicies ?? []).map((policy) =>
    arns.includes(policy.arn) ? { ...policy, description: "" } : policy,
  );
  return { ...state, managedPolicies };
}
