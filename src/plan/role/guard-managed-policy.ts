import type { DesiredPresent } from "../../model/desired-state.ts";
import type { ObservedManagedPolicy } from "../../model/observed-state.ts";
import { ownershipOf } from "../../model/ownership.ts";
import type { Blocker } from "../plan.ts";

/** The most users of a policy that a message names. */
const MAX_NAMED = 5;

/** Why a managed policy cannot be deleted: others use it. */
export function policyInUse({ arn, usedBy }: ObservedManagedPolicy): Blocker {
  const message =
    `managed policy ${arn} is not deleted, because it is also used by ${listed(usedBy)}. Detach it there; the controller then ` +
    "deletes it.";
  return { reason: "PolicyInUse", message };
}

/**
 * Blocks the adoption of a managed policy that others use: the object would decide what they may do. The permissions boundary of the role
 * is such a policy, whether or not anything has it yet.
 */
export function guardAdoptedPolicy(desired: DesiredPresent, policy: ObservedManagedPolicy): readonly Blocker[] {
  return ownershipOf(policy.tags, desired.owner).kind === "unowned" ? usedByOthers(desired, policy) : [];
}

/** The blocker of an adoption for a managed policy that others use. */
export function usedByOthers(desired: DesiredPresent, { arn, usedBy }: ObservedManagedPolicy): readonly Blocker[] {
  const isBoundary = desired.role.permissionsBoundaryArn === arn;
  const users = isBoundary ? ["permissions boundary of the role", ...usedBy] : usedBy;
  if (users.length === 0) return [];
  const message =
    `managed policy ${arn} is used by ${listed(users)}, so it cannot be adopted: the object would decide what they may do. Name it in ` +
    "spec.managedPolicyArns instead, or choose another name.";
  return [{ reason: "PolicyInUse", message }];
}

function listed(users: readonly string[]): string {
  const rest = users.length - MAX_NAMED;
  return `${users.slice(0, MAX_NAMED).join(", ")}${rest > 0 ? `, and ${rest} more` : ""}`;
}
