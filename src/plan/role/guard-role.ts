import { readAppliedRecord, recordsInlinePolicy } from "../../model/applied-record.ts";
import type { DesiredInlinePolicy, DesiredPresent } from "../../model/desired-state.ts";
import { sameName } from "../../model/naming.ts";
import type {
  Absent,
  ObservedInstanceProfile,
  ObservedManagedPolicy,
  ObservedRole,
  ObservedState,
} from "../../model/observed-state.ts";
import { ownershipOf } from "../../model/ownership.ts";
import { policyJson, readPolicy, samePolicy } from "../../model/policy/policy-document.ts";
import { listed, listedTemplates, unsearchedNotes } from "../instances/guard-instances.ts";
import { type Blocker, type Note, ROLE_NOT_ASSUMABLE } from "../plan.ts";
import { trustsEc2 } from "./trust.ts";

/**
 * Blocks a plan that would overwrite an unmanaged inline policy with the name that the spec uses: it may hold a Deny. The applied record
 * tells which policies are the controller's; it has the name of a policy before the policy is written.
 *
 * It does not block an adoption, which is reported before it changes anything, nor `unmanagedPolicies: Remove`, nor a policy that is
 * equivalent to the spec.
 */
export function guardInlinePolicy(desired: DesiredPresent, observed: ObservedRole): readonly Blocker[] {
  if (desired.removesUnmanaged || ownershipOf(observed.tags, desired.owner).kind !== "owned") return [];
  const { roleName, inlinePolicies } = desired.role;
  return inlinePolicies
    .filter((policy) => overwritesUnmanaged(policy, observed))
    .map(({ policyName }) => ({
      reason: "InlinePolicyNotOwned",
      message:
        `role ${roleName} has inline policy ${policyName}, which is unmanaged and would be overwritten. Delete the policy, give ` +
        "the one of the spec another name, or set unmanagedPolicies: Remove to overwrite it.",
    }));
}

function overwritesUnmanaged({ policyName, document }: DesiredInlinePolicy, observed: ObservedRole): boolean {
  const text = observed.inlinePolicyDocuments[policyName];
  if (text === undefined || samePolicy(readPolicy(text, "permissions"), document)) return false;
  const names = [policyName, ...observed.inlinePolicyNames.filter((name) => sameName(name, policyName))];
  return !recordsInlinePolicy(readAppliedRecord(observed.tags), names);
}

/** What stands against an external role in an instance profile, and what its reader should know. There are no writes to the role. */
export interface ExternalRoleGuard {
  readonly actions: readonly [];
  readonly blockers: readonly Blocker[];
  readonly notes: readonly Note[];
}

const NOTHING: ExternalRoleGuard = { actions: [], blockers: [], notes: [] };

/** Requires the external role to exist, and notes when EC2 cannot assume it. Nothing is read of a role that is taken out. */
export function guardExternalRole(
  { role, roleManagement }: DesiredPresent,
  observed: ObservedState,
): ExternalRoleGuard {
  if (roleManagement === "revoked") return NOTHING;
  const { roleName } = role;
  if (observed.role.presence === "absent") {
    const message =
      `role ${roleName} does not exist, and spec.role.management is External, so this object does not create it. Create the role; the ` +
      "controller then continues.";
    return { ...NOTHING, blockers: [{ reason: "RoleNotFound", message }] };
  }
  if (trustsEc2(policyJson(readPolicy(observed.role.trustPolicy, "trust")))) return NOTHING;
  const message =
    `external role ${roleName} does not trust EC2, so instances with the instance profile get no credentials. Allow the EC2 service to ` +
    "assume it, in the trust policy of the role.";
  return { ...NOTHING, notes: [{ reason: ROLE_NOT_ASSUMABLE, message }] };
}

/** Blockers of an adoption, and notes for the reader of its plan. */
export interface AdoptionGuard {
  readonly blockers: readonly Blocker[];
  readonly notes: readonly Note[];
}

/**
 * Checks a plan that adopts: what uses the instance profile, and how the permissions boundary of the role differs from the spec.
 * It blocks the replacement of the role in an instance profile that is in use, because the instances would get other
 * permissions within the hour.
 */
export function guardAdoption(
  desired: DesiredPresent,
  { role, instanceProfile, adoptedUsers }: ObservedState,
): AdoptionGuard {
  if (!desired.mayAdopt) return { blockers: [], notes: [] };
  const isManaged = desired.roleManagement === "managed";
  const boundary = isManaged && isAdopted(desired, role) ? boundaryNotes(desired, role) : [];
  if (!isAdopted(desired, instanceProfile) || adoptedUsers === undefined) return { blockers: [], notes: boundary };
  const { instanceProfileName, roleName } = instanceProfile;
  const { users, launchTemplates, unsearched } = adoptedUsers;
  const notes = [...boundary, ...unsearchedNotes(instanceProfileName, unsearched)];
  if (users.length === 0 && launchTemplates.length === 0) return { blockers: [], notes };
  const inUse = [
    ...(users.length === 0 ? [] : [listed(users)]),
    ...(launchTemplates.length === 0 ? [] : [listedTemplates(launchTemplates)]),
  ].join(" and ");
  if (roleName !== undefined && !sameName(roleName, desired.role.roleName)) {
    return { blockers: [swapBlocker(desired, { instanceProfileName, roleName }, inUse)], notes };
  }
  const message = `instance profile ${instanceProfileName} is in use by ${inUse}. They get the permissions that this object grants its role.`;
  return { blockers: [], notes: [...notes, { reason: "AdoptedInUse", message }] };
}

function isAdopted<T extends ObservedRole | ObservedInstanceProfile>(
  { owner }: DesiredPresent,
  entity: T | Absent,
): entity is T {
  return entity.presence === "present" && ownershipOf(entity.tags, owner).kind === "unowned";
}

function boundaryNotes({ role }: DesiredPresent, observed: ObservedRole): readonly Note[] {
  const wanted = role.permissionsBoundaryArn;
  const current = observed.permissionsBoundaryArn;
  const title = `role ${observed.roleName}`;
  if (current === undefined) {
    const then = wanted === undefined ? "and the spec sets none" : `and gets ${wanted}`;
    return [{ reason: "AdoptedWithoutBoundary", message: `${title} has no permissions boundary, ${then}` }];
  }
  if (current === wanted) return [];
  const then = wanted === undefined ? "which adoption removes, because the spec sets none" : `and gets ${wanted}`;
  return [{ reason: "AdoptedWithOtherBoundary", message: `${title} has permissions boundary ${current}, ${then}` }];
}

function swapBlocker(
  { role }: DesiredPresent,
  current: { readonly instanceProfileName: string; readonly roleName: string },
  users: string,
): Blocker {
  return {
    reason: "InstancesUseProfile",
    message:
      `instance profile ${current.instanceProfileName} holds role ${current.roleName} and is in use by ${users}. Adopting it would give ` +
      `them role ${role.roleName} instead. Terminate them or give them another instance profile, or create an object with roleName: ` +
      `${current.roleName}, which adopts the role that they use.`,
  };
}

/** The most users of a policy that a message names. */
const MAX_NAMED = 5;

/** Why a managed policy cannot be deleted: others use it. */
export function policyInUse({ arn, usedBy }: ObservedManagedPolicy): Blocker {
  const message =
    `managed policy ${arn} is not deleted, because it is also used by ${firstOf(usedBy)}. Detach it there; the controller then ` +
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
    `managed policy ${arn} is used by ${firstOf(users)}, so it cannot be adopted: the object would decide what they may do. Name it in ` +
    "spec.managedPolicyArns instead, or choose another name.";
  return [{ reason: "PolicyInUse", message }];
}

function firstOf(users: readonly string[]): string {
  const rest = users.length - MAX_NAMED;
  return `${users.slice(0, MAX_NAMED).join(", ")}${rest > 0 ? `, and ${rest} more` : ""}`;
}
