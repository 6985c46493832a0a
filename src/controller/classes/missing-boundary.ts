import type { RequiredBoundary } from "../../engine/reconcile/required-boundary.ts";
import { ControllerError } from "../../errors.ts";
import { PERMISSIONS_BOUNDARY_NOT_FOUND } from "../../plan/plan.ts";
import type { Outcome } from "../../status/outcome.ts";

/** True for the error of a write that failed because the class's permissions boundary does not exist. */
export function isMissingBoundary(error: unknown): error is ControllerError {
  return error instanceof ControllerError && error.reason === PERMISSIONS_BOUNDARY_NOT_FOUND;
}

/**
 * The outcome of a reconcile in which AWS refused to set the class's boundary on a role: blocked if the policy does not
 * exist. AWS's own error may be `AccessDenied` then, which misleads the reader.
 */
export async function blockedByBoundary(
  outcome: Outcome,
  open: () => Promise<{ readonly boundary?: RequiredBoundary | undefined }>,
  signal: AbortSignal,
): Promise<Outcome> {
  if (outcome.kind !== "converged" || outcome.failed === undefined) return outcome;
  const { action, error } = outcome.failed;
  if (!("permissionsBoundaryArn" in action)) return outcome;
  const { boundary } = await open();
  const fault = boundary?.isSetBy(action) === true ? await boundary.faultAfter(error, signal) : undefined;
  if (!isMissingBoundary(fault)) return outcome;
  const blockers = [{ reason: fault.reason, message: fault.message }];
  return { ...outcome, failed: undefined, plan: { ...outcome.plan, blockers } };
}
