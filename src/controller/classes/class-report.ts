import type { InstanceProfile } from "../../api/instance-profile.ts";
import { parseInstanceProfile } from "../../api/parse-instance-profile.ts";
import { desiredState } from "../../model/desired-state.ts";
import type { ObservedState } from "../../model/observed-state.ts";
import { type Action, isInstanceAction } from "../../plan/action.ts";
import { diff } from "../../plan/diff.ts";
import type { Outcome } from "../../status/outcome.ts";
import { Postponed } from "../reconcile/outcomes.ts";
import type { Report } from "../reconcile/status-writer.ts";
import { isInDeletion, type Subject } from "../reconcile/subject.ts";
import { type ClassBinding, complianceOf, grantsOf } from "./class-binding.ts";
import { blockedByBoundary } from "./class-boundaries.ts";
import type { ClassResolver } from "./class-resolver.ts";
import { type StripAccess, withinClass } from "./strip.ts";

/** The dependencies of {@link classReport}. */
interface ClassReportSources {
  readonly classes: Pick<ClassResolver, "bindingOf">;
  readonly clusterId: string;
}

/**
 * Adds the compliance to the outcome of a reconcile. If the class strips, {@link withinClass} removes access that it does not
 * allow from AWS, also for an object in deletion, because its author can delay the deletion, for example with `suspend`.
 *
 * Errors: those of the API server; a failure of AWS is in the report.
 */
export async function classReport(
  { classes, clusterId }: ClassReportSources,
  subject: Subject,
  outcome: Outcome,
  open: () => Promise<StripAccess>,
  signal: AbortSignal,
): Promise<Report> {
  const isBeingDeleted = isInDeletion(subject.object);
  const binding = isBeingDeleted ? bindingWithoutDeletion(classes, subject) : subject.binding;
  if (isBeingDeleted && !isOfStrippingClass(binding)) return { outcome };
  const object = withoutDeletion(binding.kind === "refused" ? subject.object : binding.object);
  const compliance = complianceOf(binding, object.status);
  const { logger } = subject.run;
  try {
    const report = { outcome: await blockedByBoundary(outcome, open, signal), compliance };
    const { after, ...reported } = await withinClass({ object, binding, clusterId, logger }, report, open, signal);
    return after === undefined ? reported : { ...reported, pending: pendingAfter(subject, outcome, after, clusterId) };
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof Postponed ? error.cause : error;
  }
}

/**
 * The actions that are still pending after access was removed: the plan of the reconcile was for the state before.
 * Empty for a spec that cannot be parsed.
 */
function pendingAfter(
  { object, binding, isReadable }: Subject,
  outcome: Outcome,
  after: ObservedState,
  clusterId: string,
): readonly Action[] {
  const planned = "plan" in outcome ? outcome.plan.actions : undefined;
  if (isReadable === false || planned?.length === 0) return [];
  const { actions } = diff(desiredState(object, clusterId, grantsOf(binding, {})), after);
  // The removal has read only IAM.
  return [...actions.filter((action) => !isInstanceAction(action)), ...(planned ?? []).filter(isInstanceAction)];
}

/**
 * The binding of the object as if it were not being deleted. A spec that cannot be parsed was already checked by its
 * readable parts.
 */
function bindingWithoutDeletion(
  classes: ClassReportSources["classes"],
  { raw, object: { status }, binding, isReadable }: Subject,
): ClassBinding {
  return isReadable === false ? binding : classes.bindingOf(withoutDeletion(parseInstanceProfile({ ...raw, status })));
}

function withoutDeletion(object: InstanceProfile): InstanceProfile {
  const { deletionTimestamp: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function isOfStrippingClass(binding: ClassBinding): boolean {
  return binding.kind === "bound" && binding.class.spec.onViolation === "Strip";
}
