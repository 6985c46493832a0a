import type { AcceptedClass, InstanceProfile } from "../../api/instance-profile.ts";
import { parseInstanceProfile } from "../../api/parse-instance-profile.ts";
import type { AccountSnapshot } from "../../engine/observe/account-snapshot.ts";
import type { RecentWrites } from "../../engine/observe/recent-writes.ts";
import {
  isCovered,
  observedIn,
  type PartsToReread,
  partsToReread,
  type StaleObservation,
} from "../../engine/observe/stale-observation.ts";
import type { KubeObject } from "../../engine/ports.ts";
import { ControllerError } from "../../errors.ts";
import { type DesiredPresent, desiredState } from "../../model/desired-state.ts";
import { diff } from "../../plan/diff.ts";
import type { Compliance } from "../../status/compliance.ts";
import { findCondition } from "../../status/conditions.ts";
import type { Outcome } from "../../status/outcome.ts";
import type { RequeueIntervals } from "../../status/requeue.ts";
import { classify } from "../../status/result.ts";
import { sameStatus, summarize } from "../../status/summarize.ts";
import { currentRecord } from "../classes/acceptance.ts";
import { blockersOf } from "../classes/class-binding.ts";
import { complianceOf } from "../classes/class-compliance.ts";
import type { ClassResolver } from "../classes/class-resolver.ts";
import { keyText } from "../object-key.ts";
import { isInterruptedCreate } from "../reconcile/never-reported.ts";

/** An object that a scan can judge: it was well when it was last looked at, or is looked at without being written. */
export interface ScanSubject {
  readonly key: string;
  readonly object: InstanceProfile;
  readonly desired: DesiredPresent;
  /** What its class says, as a reconcile would report it. */
  readonly compliance: Compliance | undefined;
  /** See {@link currentRecord}. */
  readonly accepted: AcceptedClass | undefined;
  /** See {@link isInterruptedCreate}. */
  readonly isInterruptedCreate: boolean;
}

/** What a scan sees of an object: that all is as its status says, or something else. */
export type Verdict =
  | { readonly kind: "in sync" }
  /** IAM still lags behind our own writes: the pass that wrote them looks again by itself. */
  | { readonly kind: "recentWrites" }
  | { readonly kind: "different"; readonly observation: StaleObservation };

const NOTHING: PartsToReread = new Set();

/** How objects are understood. */
export interface SubjectRules {
  readonly classes: Pick<ClassResolver, "bindingOf">;
  readonly clusterId: string;
}

/**
 * The object, as its class has it, as a scan's subject; undefined when passes look at it by themselves, or nobody shall. What
 * is begun is a subject of the first scan alone, for which its pass waits.
 */
export function subjectOf(
  raw: KubeObject,
  { classes, clusterId }: SubjectRules,
  isFirstScan = false,
): ScanSubject | undefined {
  const understood = parsed(raw);
  if (understood === undefined) return undefined;
  const { metadata, spec, status } = understood;
  const ready = findCondition(status?.conditions, "Ready");
  const isWell = ready?.status === "True" || (spec.mode === "DryRun" && ready?.reason === "DryRun");
  const isKnown = isWell && ready?.observedGeneration === metadata.generation;
  const begun = isFirstScan && isInterruptedCreate(understood);
  if (spec.suspend || !(isKnown || begun)) return undefined;
  const binding = classes.bindingOf(understood);
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
    isInterruptedCreate: begun,
  };
}

function parsed(raw: KubeObject): InstanceProfile | undefined {
  try {
    return parseInstanceProfile(raw);
  } catch (error) {
    if (error instanceof ControllerError) return undefined;
    throw error;
  }
}

/** Puts what the snapshot has of the object through the very diff of a reconcile. Pure but for the memory of our writes. */
export function verdictOf(
  { object, desired, compliance, accepted, isInterruptedCreate: isOfInterruptedCreate }: ScanSubject,
  snapshot: AccountSnapshot,
  context: { readonly recentWrites: RecentWrites; readonly intervals: RequeueIntervals; readonly now: string },
): Verdict {
  const observed = observedIn(snapshot, desired);
  const { state, visibleInMs } = context.recentWrites.overlay(desired, observed);
  const plan = diff(desired, state);
  if (visibleInMs > 0) return { kind: "recentWrites" };
  const toReread = partsToReread(plan);
  if (isOfInterruptedCreate)
    return { kind: "different", observation: { observed, toReread: withProfile(toReread), isOfInterruptedCreate } };
  const observation: StaleObservation = { observed, toReread };
  const isDryRun = object.spec.mode === "DryRun";
  if (!isDryRun && !isCovered(toReread, NOTHING)) return { kind: "different", observation };
  const outcome: Outcome = isDryRun
    ? { kind: "previewed", plan, observed: state, visibleInMs: 0 }
    : { kind: "converged", plan, applied: [], failed: undefined, after: state, visibleInMs: 0 };
  const { status } = summarize(object, classify(object, outcome), {
    now: context.now,
    random: 0,
    intervals: context.intervals,
    failures: 0,
    compliance,
    accepted,
  });
  return object.status !== undefined && sameStatus(object.status, status)
    ? { kind: "in sync" }
    : { kind: "different", observation };
}

/** No list tells whose a profile is, and nobody has told it of what is begun. */
function withProfile(parts: PartsToReread): PartsToReread {
  return parts === "everything" ? parts : new Set([...parts, "instance profile" as const]);
}
