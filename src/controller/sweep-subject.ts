import type { AcceptedClass, InstanceProfile } from "../api/instance-profile.ts";
import { parseInstanceProfile } from "../api/parse-instance-profile.ts";
import type { AccountSnapshot } from "../engine/account-snapshot.ts";
import type { KubeObject } from "../engine/ports.ts";
import type { Settling } from "../engine/settling.ts";
import { type Doubt, doubtOf, isResolved, observedIn, type Sighting } from "../engine/sighting.ts";
import { ControllerError } from "../errors.ts";
import { type DesiredPresent, desiredState } from "../model/desired-state.ts";
import { diff } from "../plan/diff.ts";
import type { Compliance } from "../status/compliance.ts";
import { findCondition } from "../status/conditions.ts";
import type { Outcome } from "../status/outcome.ts";
import type { Patience } from "../status/requeue.ts";
import { sameStatus, summarize } from "../status/summarize.ts";
import { currentRecord } from "./acceptance.ts";
import { complianceOf } from "./class-compliance.ts";
import type { ClassDirectory } from "./class-directory.ts";
import { isInterruptedCreate } from "./never-reported.ts";
import { keyText } from "./object-key.ts";
import { blockersOf } from "./standing.ts";

/** An object that a sweep can judge: it was well when it was last looked at, or is looked at without being written. */
export interface SweepSubject {
  readonly key: string;
  readonly object: InstanceProfile;
  readonly desired: DesiredPresent;
  /** What its class says, as a reconcile would report it. */
  readonly compliance: Compliance | undefined;
  /** See {@link currentRecord}. */
  readonly accepted: AcceptedClass | undefined;
  /** See {@link isInterruptedCreate}. */
  readonly isBegun: boolean;
}

/** What a sweep sees of an object: that all is as its status says, or something else. */
export type Verdict =
  | { readonly kind: "well" }
  /** IAM still lags behind our own writes: the pass that wrote them looks again by itself. */
  | { readonly kind: "settling" }
  | { readonly kind: "news"; readonly sighting: Sighting };

const NOTHING: Doubt = new Set();

/** How objects are understood. */
export interface SubjectRules {
  readonly classes: Pick<ClassDirectory, "standingOf">;
  readonly clusterId: string;
}

/**
 * The object, as its class has it, as a sweep's subject; undefined when passes look at it by themselves, or nobody shall. What
 * is begun is a subject of the first sweep alone, for which its pass waits.
 */
export function subjectOf(
  raw: KubeObject,
  { classes, clusterId }: SubjectRules,
  isFirstSweep = false,
): SweepSubject | undefined {
  const understood = parsed(raw);
  if (understood === undefined) return undefined;
  const { metadata, spec, status } = understood;
  const ready = findCondition(status?.conditions, "Ready");
  const isWell = ready?.status === "True" || (spec.mode === "DryRun" && ready?.reason === "DryRun");
  const isKnown = isWell && ready?.observedGeneration === metadata.generation;
  const begun = isFirstSweep && isInterruptedCreate(understood);
  if (spec.suspend || !(isKnown || begun)) return undefined;
  const standing = classes.standingOf(understood);
  if (standing.kind === "refused" || blockersOf(standing).length > 0) return undefined;
  const { object } = standing;
  const desired = desiredState(object, clusterId);
  if (desired.presence !== "present") return undefined;
  const compliance = complianceOf(standing, status);
  const accepted = currentRecord(standing);
  return { key: keyText(metadata), object, desired, compliance, accepted, isBegun: begun };
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
export function judgeBySnapshot(
  { object, desired, compliance, accepted, isBegun: isOfBegun }: SweepSubject,
  snapshot: AccountSnapshot,
  context: { readonly settling: Settling; readonly patience: Patience; readonly now: string },
): Verdict {
  const observed = observedIn(snapshot, desired);
  const { state, settlesInMs } = context.settling.view(desired, observed);
  const plan = diff(desired, state);
  if (settlesInMs > 0) return { kind: "settling" };
  const doubt = doubtOf(plan);
  if (isOfBegun) return { kind: "news", sighting: { observed, doubt: withProfile(doubt), isOfBegun } };
  const sighting: Sighting = { observed, doubt };
  const isDryRun = object.spec.mode === "DryRun";
  if (!isDryRun && !isResolved(doubt, NOTHING)) return { kind: "news", sighting };
  const outcome: Outcome = isDryRun
    ? { kind: "previewed", plan, observed: state, settlesInMs: 0 }
    : { kind: "converged", plan, applied: [], failed: undefined, after: state, settlesInMs: 0 };
  const { status } = summarize(object, outcome, {
    now: context.now,
    random: 0,
    patience: context.patience,
    failures: 0,
    ...{ compliance, accepted },
  });
  return object.status !== undefined && sameStatus(object.status, status)
    ? { kind: "well" }
    : { kind: "news", sighting };
}

/** No list tells whose a profile is, and nobody has told it of what is begun. */
function withProfile(doubt: Doubt): Doubt {
  return doubt === "everything" ? doubt : new Set([...doubt, "instance profile" as const]);
}
