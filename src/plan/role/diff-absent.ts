import { FORCE_DELETE_ANNOTATION } from "../../api/instance-profile.ts";
import { readAppliedRecord, recordsInlinePolicy, recordsManagedPolicy } from "../../model/applied-record.ts";
import type { DesiredAbsent } from "../../model/desired-state.ts";
import { sameName } from "../../model/naming.ts";
import {
  ABSENT,
  type ObservedInstanceProfile,
  type ObservedManagedPolicy,
  type ObservedRole,
  type ObservedState,
} from "../../model/observed-state.ts";
import { ownershipOf } from "../../model/ownership.ts";
import type { Action } from "../action.ts";
import { afterHandOver } from "../after-hand-over.ts";
import { isOwnedElsewhere, moves } from "../hand-over.ts";
import { releaseInstances } from "../instances/diff-instances.ts";
import { forceDenied, guardInstances, NO_USERS } from "../instances/guard-instances.ts";
import { guardClusterId } from "../ownership-guard.ts";
import type { Blocker, Plan } from "../plan.ts";
import { deletion } from "./diff-managed-policies.ts";
import { policyInUse } from "./guard-role.ts";

/**
 * Plans a deletion, in reverse order of creation: membership, instance profile, attachments, inline policies, managed policies, role. What
 * is not owned, or is retained, counts as absent. Anything unmanaged on a role that is to be deleted blocks the whole deletion; a forced deletion removes it
 * too, and marks each such removal.
 */
export function diffAbsent(desired: DesiredAbsent, found: ObservedState): Plan {
  // The role belongs to others, whatever its tags say.
  const before = desired.isRoleExternal ? { ...found, role: ABSENT } : found;
  if (isOwnedElsewhere(desired, before)) return { actions: [], blockers: [], unmanagedPolicies: [] };
  const observed = afterHandOver(desired, before);
  const role = isToBeDeleted(desired, observed.role) ? (observed.role as ObservedRole) : undefined;
  const profile = isToBeDeleted(desired, observed.instanceProfile)
    ? (observed.instanceProfile as ObservedInstanceProfile)
    : undefined;
  const policies = policiesToDelete(desired, observed, role);
  const unmanaged = role === undefined ? NOTHING_UNMANAGED : unmanagedOn(desired, observed, role);
  const deletions = deleteProfile(desired, observed, profile, role);
  const inUse = deletions.length === 0 ? NO_USERS : guardInstances(desired, observed);
  const isWritten = (action: Action): boolean =>
    "ownPolicyArn" in action ? policies.some(({ arn }) => arn === action.ownPolicyArn) : deletions.length > 0;
  return {
    actions: [
      ...moves(desired, before, observed).filter(isWritten),
      ...releaseInstances(desired, observed),
      ...deletions,
      ...(role === undefined ? [] : emptyRole(desired, role, unmanaged)),
      ...policies.filter(({ usedBy }) => usedBy.length === 0).flatMap(deletion),
      // Last, because its tags name the policies.
      ...(role === undefined ? [] : [{ kind: "DeleteRole" as const, roleName: role.roleName }]),
    ],
    blockers: [
      ...underAnotherClusterId(desired, observed),
      ...(role === undefined || desired.force ? [] : blockersOf(role.roleName, unmanaged, desired)),
      ...policies.filter(({ usedBy }) => usedBy.length > 0).map(policyInUse),
      ...inUse.blockers,
    ],
    unmanagedPolicies: [],
    ...(inUse.notes.length > 0 && { notes: inUse.notes }),
  };
}

/** The managed policies of the object that go with it. A role that stays keeps its policies. */
function policiesToDelete(
  desired: DesiredAbsent,
  { role: observed, managedPolicies = [] }: ObservedState,
  role: ObservedRole | undefined,
): readonly ObservedManagedPolicy[] {
  if (role === undefined && observed.presence === "present") return [];
  return managedPolicies.filter((policy) => isToBeDeleted(desired, policy));
}

/** Unmanaged policies on a role, and unowned instance profiles that hold it; sorted. */
interface Unmanaged {
  readonly inlinePolicyNames: readonly string[];
  readonly managedPolicyArns: readonly string[];
  readonly instanceProfileNames: readonly string[];
}

const NOTHING_UNMANAGED: Unmanaged = { inlinePolicyNames: [], managedPolicyArns: [], instanceProfileNames: [] };

function isToBeDeleted(
  desired: DesiredAbsent,
  entity: ObservedRole | ObservedInstanceProfile | ObservedManagedPolicy | { presence: "absent" },
): boolean {
  if (entity.presence === "absent") return false;
  const ownership = ownershipOf(entity.tags, desired.owner);
  if (ownership.kind !== "owned") return false;
  return desired.retention === "Delete" || (desired.retention === "ByOrigin" && !ownership.adopted);
}

/** What would be left behind: it is this object's, but for the cluster id. */
function underAnotherClusterId(
  { owner, retention, force }: DesiredAbsent,
  observed: ObservedState,
): readonly Blocker[] {
  if (force || retention === "Retain") return [];
  return [observed.role, observed.instanceProfile].flatMap((entity) => {
    return entity.presence === "absent" ? [] : (guardClusterId(owner, entity) ?? []);
  });
}

function deleteProfile(
  desired: DesiredAbsent,
  observed: ObservedState,
  profile: ObservedInstanceProfile | undefined,
  role: ObservedRole | undefined,
): readonly Action[] {
  const { instanceProfile } = observed;
  if (instanceProfile.presence === "absent" || ownershipOf(instanceProfile.tags, desired.owner).kind !== "owned")
    return [];
  const { instanceProfileName, roleName } = instanceProfile;
  const isRemoved = roleName !== undefined && (profile !== undefined || sameName(roleName, role?.roleName));
  return [
    ...(isRemoved ? [{ kind: "RemoveRoleFromInstanceProfile" as const, instanceProfileName, roleName }] : []),
    ...(profile === undefined ? [] : [{ kind: "DeleteInstanceProfile" as const, instanceProfileName }]),
  ];
}

function emptyRole({ force }: DesiredAbsent, role: ObservedRole, unmanaged: Unmanaged): readonly Action[] {
  const { roleName, managedPolicyArns, inlinePolicyNames } = role;
  const marked = (isUnmanaged: boolean): { isForced?: true } => (force && isUnmanaged ? { isForced: true } : {});
  const others = force ? unmanaged.instanceProfileNames : [];
  return [
    ...others.map(
      (instanceProfileName): Action => ({
        kind: "RemoveRoleFromInstanceProfile",
        instanceProfileName,
        roleName,
        isForced: true,
      }),
    ),
    ...managedPolicyArns.map(
      (policyArn): Action => ({
        kind: "DetachRolePolicy",
        roleName,
        policyArn,
        ...marked(unmanaged.managedPolicyArns.includes(policyArn)),
      }),
    ),
    ...inlinePolicyNames.map(
      (policyName): Action => ({
        kind: "DeleteRolePolicy",
        roleName,
        policyName,
        ...marked(unmanaged.inlinePolicyNames.includes(policyName)),
      }),
    ),
  ];
}

/** Finds policies that neither the spec nor the record on the role names, and instance profiles that are not owned. */
function unmanagedOn(desired: DesiredAbsent, { instanceProfile }: ObservedState, role: ObservedRole): Unmanaged {
  const record = readAppliedRecord(role.tags);
  // A profile that only the list shows is being created or deleted, and DeleteRole fails if it still holds the role.
  const isOwn =
    instanceProfile.presence === "absent" || ownershipOf(instanceProfile.tags, desired.owner).kind === "owned";
  const own = isOwn ? desired.instanceProfileName : undefined;
  return {
    inlinePolicyNames: role.inlinePolicyNames.filter(
      (name) => !recordsInlinePolicy(record, [name, ...desired.policyNames.filter((own) => sameName(own, name))]),
    ),
    managedPolicyArns: role.managedPolicyArns.filter(
      (arn) => !desired.managedPolicyArns.includes(arn) && !recordsManagedPolicy(record, arn),
    ),
    instanceProfileNames: (role.instanceProfileNames ?? []).filter((name) => !sameName(name, own)),
  };
}

function blockersOf(roleName: string, unmanaged: Unmanaged, desired: DesiredAbsent): readonly Blocker[] {
  const policies = [...unmanaged.inlinePolicyNames, ...unmanaged.managedPolicyArns].sort();
  const profiles = unmanaged.instanceProfileNames;
  return [
    ...when(policies, {
      reason: "UnmanagedPoliciesAttached",
      message:
        `role ${roleName} has unmanaged policies, which this object did not attach or write: ${policies.join(", ")}. ` +
        `Remove them from the role${orByForce(desired, "to remove them with the role")}.`,
    }),
    ...when(profiles, {
      reason: "RoleInUnmanagedInstanceProfile",
      message:
        `role ${roleName} is in instance profiles that this object does not own: ${profiles.join(", ")}. ` +
        `Remove the role from them${orByForce(desired, "to have the controller remove it; instances with these profiles then have no role")}.`,
    }),
  ];
}

/** The part of a message about the annotation that overrides the blocker, or why it has no effect. */
function orByForce({ forceDeniedBy }: DesiredAbsent, effect: string): string {
  return forceDeniedBy === undefined
    ? `, or set the annotation ${FORCE_DELETE_ANNOTATION}: "true" ${effect}`
    : `; ${forceDenied(forceDeniedBy)}`;
}

function when(names: readonly string[], blocker: Blocker): readonly Blocker[] {
  return names.length === 0 ? [] : [blocker];
}
