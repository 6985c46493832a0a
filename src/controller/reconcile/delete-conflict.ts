import { ControllerError } from "../../errors.ts";
import type { Outcome } from "../../status/outcome.ts";

/** True when AWS refused a deletion for something that still hangs on what was to go. */
export function isDeleteConflict(pass: Outcome): boolean {
  if (pass.kind !== "converged" || pass.failed === undefined) return false;
  const { error } = pass.failed;
  return error instanceof ControllerError && error.reason === "DeleteConflict";
}

/**
 * The outcome of a pass that AWS held up, told by what a second look shows: the names of what came in the way since the first
 * one, where there are any, and AWS's words where there are none.
 */
export function explainDeleteConflict(pass: Outcome, look: Outcome): Outcome {
  if (pass.kind !== "converged" || look.kind !== "previewed" || look.plan.blockers.length === 0) return pass;
  const plan = { ...look.plan, actions: [...pass.applied, ...look.plan.actions] };
  return { ...pass, plan, failed: undefined, after: look.observed };
}
