import type { InstanceProfile } from "../../api/instance-profile.ts";
import { parseInstanceProfile } from "../../api/parse-instance-profile.ts";
import { desiredState } from "../../model/desired-state.ts";
import type { ObservedState } from "../../model/observed-state.ts";
import type { Action } from "../../plan/action.ts";
import { diff } from "../../plan/diff.ts";
import { isInstanceAction } from "../../plan/instances/instance-action.ts";
import type { Outcome } from "../../status/outcome.ts";
import { grantsOf } from "../reconcile/grants.ts";
import { Postponed } from "../reconcile/outcomes.ts";
import type { Report } from "../reconcile/status-writer.ts";
import { isInDeletion, type Subject } from "../reconcile/subject.ts";
import type { ClassBinding } from "./class-binding.ts";
import { complianceOf } from "./class-compliance.ts";
import type { ClassResolver } from "./class-resolver.ts";
import { blockedByBoundary } from "./missing-boundary.ts";
import { type StripAccess, withinClass } from "./strip.ts";

/** What a report about an object and its class is made with. */
export interface ClassReportSources {
  readonly classes: Pick<ClassResolver, "bindingOf">;
  readonly clusterId: string;
}

/**
 * The outcome of a reconcile with what the class says; where the class strips, AWS has no more than it allows afterwards. That holds
 * for an object in deletion too, for as long as the deletion takes: its author chooses that, as by `suspend`.
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
  const isGoing = isInDeletion(subject.object);
  const binding = isGoing ? bindingWithoutDeletion(classes, subject) : subject.binding;
  if (isGoing && !isOfStrippingClass(binding)) return { outcome };
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
 * What is still to be written, for AWS as it is after access was removed: what the reconcile has planned was for AWS before that. A spec
 * that cannot be read plans nothing.
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
  // The removal has read IAM alone.
  return [...actions.filter((action) => !isInstanceAction(action)), ...(planned ?? []).filter(isInstanceAction)];
}

/** A spec that cannot be read is judged already, by the parts that can. */
function bindingWithoutDeletion(
  classes: ClassReportSources["classes"],
  { raw, binding, isReadable }: Subject,
): ClassBinding {
  return isReadable === false ? binding : classes.bindingOf(withoutDeletion(parseInstanceProfile(raw)));
}

function withoutDeletion(object: InstanceProfile): InstanceProfile {
  const { deletionTimestamp: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function isOfStrippingClass(binding: ClassBinding): boolean {
  return binding.kind === "bound" && binding.class.spec.onViolation === "Strip";
}
