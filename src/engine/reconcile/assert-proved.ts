import { ConflictError } from "../../errors.ts";
import { type DesiredState, profileNameOf, roleNameOf } from "../../model/desired-state.ts";
import type { ObservedState } from "../../model/observed-state.ts";
import type { Action } from "../../plan/action.ts";
import { type ProvedEntity, unprovedEntity } from "../../plan/proof.ts";

/**
 * Raises unless a read in this reconcile proves that the object owns, or may adopt, the entities that the actions
 * write. A presumed instance profile counts as read: see presumed-profile.ts.
 *
 * @param observed as read, without recent writes laid over it
 *
 * Errors: ConflictError `NotYetVisible`.
 */
export function assertProved(desired: DesiredState, observed: ObservedState, actions: readonly Action[]): void {
  const entity = unprovedEntity(desired, observed, actions);
  if (entity === undefined) return;
  const message =
    `IAM does not show ${titleOf(entity, desired)} with the owner tags of this object yet, so the controller writes nothing to it. ` +
    "The controller retries.";
  throw new ConflictError(message, { reason: "NotYetVisible" });
}

function titleOf(entity: ProvedEntity, desired: DesiredState): string {
  if (entity === "role") return `role ${roleNameOf(desired)}`;
  return entity === "instance profile" ? `instance profile ${profileNameOf(desired)}` : entity;
}
