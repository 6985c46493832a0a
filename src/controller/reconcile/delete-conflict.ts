import { ControllerError } from "../../errors.ts";
import type { Outcome } from "../../status/outcome.ts";

/** True when AWS refused a delete because something is still attached to the entity. */
export function isDeleteConflict(outcome: Outcome): boolean {
  if (outcome.kind !== "converged" || outcome.failed === undefined) return false;
  const { error } = outcome.failed;
  return error instanceof ControllerError && error.reason === "DeleteConflict";
}

/**
 * Explains a delete conflict by a second observation: the outcome with the blockers that it found, which name what is
 * attached, or unchanged, with the message of AWS, if it found none.
 */
export function explainDeleteConflict(outcome: Outcome, preview: Outcome): Outcome {
  if (outcome.kind !== "converged" || preview.kind !== "previewed" || preview.plan.blockers.length === 0)
    return outcome;
  const plan = { ...preview.plan, actions: [...outcome.applied, ...preview.plan.actions] };
  return { ...outcome, plan, failed: undefined, after: preview.observed };
}
