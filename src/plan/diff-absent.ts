import { inlinePolicyId, managedPolicyId, readAppliedRecord, recordsPolicy } from "../model/applied-record.ts";
import type { DesiredAbsent } from "../model/desired-state.ts";
import { sameName } from "../model/naming.ts";
import type { ObservedInstanceProfile, ObservedRole, ObservedState } from "../model/observed-state.ts";
import { ownershipOf, type Tags } from "../model/ownership.ts";
import type { Action } from "./action.ts";
import type { Blocker, Plan } from "./plan.ts";

/**
 * Backwards through what creation did: out of the profile, profile, attachments, inline policies, role. What is not ours,
 * or is to be retained, is as good as absent.
 */
export function diffAbsent(desired: DesiredAbsent, observed: ObservedState): Plan {
  const role = goes(desired, observed.role) ? (observed.role as ObservedRole) : undefined;
  const profile = goes(desired, observed.instanceProfile)
    ? (observed.instanceProfile as ObservedInstanceProfile)
    : undefined;
  const foreign = role === undefined ? [] : foreignPolicies(desired, role);
  return {
    actions: [...deleteProfile(desired, observed, profile, role), ...(role === undefined ? [] : deleteRole(role))],
    blockers: [
      ...(foreign.length === 0 || desired.force ? [] : [foreignPoliciesBlocker(desired.roleName, foreign)]),
      ...heldByForeignProfile(desired, observed, role),
    ],
    unmanagedPolicies: [],
  };
}

function goes(
  desired: DesiredAbsent,
  entity: ObservedRole | ObservedInstanceProfile | { presence: "absent" },
): boolean {
  if (entity.presence === "absent") return false;
  const ownership = ownershipOf(entity.tags, desired.owner);
  if (ownership.kind !== "ours") return false;
  return desired.retention === "Delete" || (desired.retention === "ByOrigin" && !ownership.adopted);
}

function deleteProfile(
  desired: DesiredAbsent,
  observed: ObservedState,
  profile: ObservedInstanceProfile | undefined,
  role: ObservedRole | undefined,
): readonly Action[] {
  const held = observed.instanceProfile;
  if (held.presence === "absent" || ownershipOf(held.tags, desired.owner).kind !== "ours") return [];
  const { instanceProfileName, roleName } = held;
  const leaves = roleName !== undefined && (profile !== undefined || roleName === role?.roleName);
  return [
    ...(leaves ? [{ kind: "RemoveRoleFromInstanceProfile" as const, instanceProfileName, roleName }] : []),
    ...(profile === undefined ? [] : [{ kind: "DeleteInstanceProfile" as const, instanceProfileName }]),
  ];
}

function deleteRole({ roleName, managedPolicyArns, inlinePolicyNames }: ObservedRole): readonly Action[] {
  return [
    ...managedPolicyArns.map((policyArn): Action => ({ kind: "DetachRolePolicy", roleName, policyArn })),
    ...inlinePolicyNames.map((policyName): Action => ({ kind: "DeleteRolePolicy", roleName, policyName })),
    { kind: "DeleteRole", roleName },
  ];
}

/** Policies that neither the spec nor the record on the role accounts for. */
function foreignPolicies(desired: DesiredAbsent, role: ObservedRole): readonly string[] {
  const isOurs = (id: string, tags: Tags): boolean => recordsPolicy(readAppliedRecord(tags), id);
  return [
    ...role.inlinePolicyNames.filter(
      (name) => !sameName(name, desired.policyName) && !isOurs(inlinePolicyId(name), role.tags),
    ),
    ...role.managedPolicyArns.filter(
      (arn) => !desired.managedPolicyArns.includes(arn) && !isOurs(managedPolicyId(arn), role.tags),
    ),
  ].sort();
}

function foreignPoliciesBlocker(roleName: string, policies: readonly string[]): Blocker {
  return {
    reason: "ForeignPolicies",
    message:
      `role ${roleName} has policies that this object did not put there: ${policies.join(", ")}. ` +
      `Take them off the role, or set the annotation iam.instanceprofile.dev/force-delete: "true" to remove them with it.`,
  };
}

function heldByForeignProfile(
  desired: DesiredAbsent,
  { instanceProfile }: ObservedState,
  role: ObservedRole | undefined,
): readonly Blocker[] {
  if (role === undefined || instanceProfile.presence === "absent" || instanceProfile.roleName !== role.roleName)
    return [];
  if (ownershipOf(instanceProfile.tags, desired.owner).kind === "ours") return [];
  return [
    {
      reason: "RoleInForeignInstanceProfile",
      message:
        `role ${role.roleName} is held by instance profile ${instanceProfile.instanceProfileName}, which this object does ` +
        "not own. Remove the role from that profile; deletion then goes on by itself.",
    },
  ];
}
