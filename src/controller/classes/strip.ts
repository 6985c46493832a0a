import type { InstanceProfile } from "../../api/instance-profile.ts";
import type { AccountInstances } from "../../engine/accounts/aws-account.ts";
import type { RecentWrites } from "../../engine/observe/recent-writes.ts";
import type { IamReader, IamWriter } from "../../engine/ports.ts";
import type { RequiredBoundary } from "../../engine/reconcile/required-boundary.ts";
import { type RevocationReport, revokeExcess } from "../../engine/reconcile/revoke-excess.ts";
import { ControllerError, dispositionOf } from "../../errors.ts";
import { type DesiredPresent, desiredState } from "../../model/desired-state.ts";
import type { ObservedState } from "../../model/observed-state.ts";
import { hasTrace } from "../../model/ownership.ts";
import { withoutExcess } from "../../plan/class/class-bounds.ts";
import {
  membershipsBeyond,
  type RevocationTarget,
  regionsBeyond,
  revocationsOf,
} from "../../plan/class/class-excess.ts";
import { type Compliance, withoutBoundary, withRemoval } from "../../status/compliance.ts";
import type { Outcome } from "../../status/outcome.ts";
import type { Logger } from "../../telemetry.ts";
import { handedOver } from "../reconcile/outcomes.ts";
import type { Report } from "../reconcile/status-writer.ts";
import { isUnreported } from "../reconcile/subject.ts";
import { logWrites } from "../reconcile/telemetry.ts";
import type { ClassBinding } from "./class-binding.ts";
import { isMissingBoundary } from "./class-boundaries.ts";

type Bound = Extract<ClassBinding, { readonly kind: "bound" }>;

/** The object of a revocation, with its class binding. */
interface StripSubject {
  /** With the defaults and bounds of the class applied. */
  readonly object: InstanceProfile;
  /** Computed as if the object were not being deleted. */
  readonly binding: ClassBinding;
  readonly clusterId: string;
  readonly logger: Logger;
}

/** The dependencies of a revocation that call AWS. */
export interface StripAccess {
  readonly reader: IamReader;
  readonly writer: IamWriter;
  readonly recentWrites: RecentWrites;
  readonly instances: Pick<AccountInstances, "snapshots">;
  /** See {@link revokeExcess}. */
  readonly boundary?: RequiredBoundary | undefined;
  readonly precondition: (signal: AbortSignal) => Promise<void>;
}

/** The report of a reconcile, and the state after access was removed; unset: nothing was removed. */
type StripReport = Report & { readonly after?: ObservedState };

/**
 * Removes access that the class does not allow, after a reconcile of an object whose class strips, and adds to the
 * report what was removed and what could not be. An outcome that shows a compliant role costs no request.
 *
 * The reconcile applies the allowed part of the spec. If that fails for any reason (IAM rejects another statement, a
 * quota, a boundary that does not exist), or never starts (the object is suspended, a dry run, or its deletion is
 * blocked), the access that the class does not allow is removed separately. A missing boundary removes no other access
 * (docs/explanation/security.md). A compliant spec is no proof: AWS may still have the access of an earlier spec. A controller with
 * `--dry-run` removes nothing.
 */
export async function withinClass(
  subject: StripSubject,
  { outcome, compliance }: Report,
  open: () => Promise<StripAccess>,
  signal: AbortSignal,
): Promise<StripReport> {
  const target = targetOf(subject);
  if (target === undefined || compliance === undefined || isWithin(target.revocation, compliance, outcome))
    return { outcome, compliance };
  if (subject.object.isDryRun) return { outcome, compliance: leftByDryRun(compliance) };
  try {
    const access = { ...(await open()), onWritten: logWrites(subject.logger, { why: "the class does not allow it" }) };
    const report = await revokeExcess(target.desired, target.revocation, access, signal);
    return withRevocation(outcome, compliance, report);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ControllerError)) throw error;
    return { ...failing(outcome, error), compliance: unverified(compliance) };
  }
}

interface Target {
  readonly desired: DesiredPresent;
  readonly revocation: RevocationTarget;
}

/**
 * The target of the revocation; undefined unless the class strips and the object may have access in AWS. An object whose role another cluster
 * has adopted has none.
 */
function targetOf({ object, binding, clusterId }: StripSubject): Target | undefined {
  if (binding.kind !== "bound" || !mayHaveExcess(object, binding)) return undefined;
  if (handedOver({ object }, clusterId) !== undefined) return undefined;
  const { violations, bounds } = binding;
  const spec = withoutExcess(object.spec, violations, binding.class);
  const desired = desiredState({ ...object, spec }, clusterId);
  if (desired.presence === "absent") return undefined;
  const allowsNothing = violations.some(({ excess }) => excess.kind === "everything");
  const { owner, roleManagement } = desired;
  return { desired, revocation: { owner, bounds, trust: spec.trust, allowsNothing, roleManagement } };
}

/**
 * True when AWS may have access that the class does not allow. A never reported object may have been created by a
 * process that stopped.
 */
function mayHaveExcess(object: InstanceProfile, { violations, class: { spec } }: Bound): boolean {
  if (spec.onViolation !== "Strip") return false;
  return hasTrace(object.status) || (violations.length > 0 && isUnreported(object));
}

/**
 * True when the reconcile has applied a compliant spec, or observed a compliant role, and no association that the class
 * does not allow.
 */
function isWithin(target: RevocationTarget, compliance: Compliance, outcome: Outcome): boolean {
  const state = stateAfter(outcome);
  if (state === undefined || regionsBeyond(target, state.instanceProfile).length > 0) return false;
  if (membershipsBeyond(target, state.instanceProfile).length > 0) return false;
  if (compliance.kind === "compliant" && isApplied(outcome)) return true;
  const { role } = state;
  return role.presence === "absent" || revocationsOf(target, role, state.managedPolicies).length === 0;
}

/** True when the reconcile executed its whole plan. */
function isApplied(outcome: Outcome): boolean {
  return outcome.kind === "converged" && outcome.failed === undefined && outcome.plan.blockers.length === 0;
}

/** The state after the reconcile; undefined when it may not have been read. */
function stateAfter(outcome: Outcome): ObservedState | undefined {
  if (outcome.kind === "converged") return outcome.after;
  if (outcome.kind !== "previewed" && outcome.kind !== "announced") return undefined;
  return outcome.plan.blockers.length > 0 ? undefined : outcome.observed;
}

function withRevocation(outcome: Outcome, compliance: Compliance, report: RevocationReport): StripReport {
  const { applied, failed, unread, after } = report;
  const remaining = failed.filter(({ error }) => !isMissingBoundary(error));
  const fault = failed.map(({ error }) => error).find(isMissingBoundary);
  const removed = withRemoval(compliance, applied, remaining);
  const bounded = fault === undefined ? removed : withoutBoundary(removed, fault);
  const error = remaining[0]?.error ?? unread;
  return {
    ...(error === undefined ? { outcome } : failing(outcome, error)),
    compliance: unread === undefined ? bounded : unverified(bounded),
    ...(applied.length > 0 && { after }),
  };
}

function unverified(compliance: Compliance): Compliance {
  return compliance.kind === "violated" ? { ...compliance, effect: "unverified" } : compliance;
}

function leftByDryRun(compliance: Compliance): Compliance {
  return compliance.kind === "violated" ? { ...compliance, effect: "left by a dry run" } : compliance;
}

/** A reconcile that left access beyond the class has failed and is retried, whatever its own outcome. */
function failing(outcome: Outcome, error: unknown): Pick<Report, "outcome" | "mustRetry"> {
  const failure = outcome.kind === "converged" ? outcome.failed : outcome.kind === "failed" ? outcome : undefined;
  if (failure === undefined) return { outcome: { kind: "failed", error } };
  // A terminal failure waits for an edit of the spec, but the removal of excess access must not.
  return { outcome, mustRetry: dispositionOf(failure.error) === "terminal" };
}
