import { FORCE_DELETE_ANNOTATION } from "../../api/instance-profile.ts";
import { readAppliedRecord, recordsInlinePolicy, recordsManagedPolicy } from "../../model/applied-record.ts";
import type { DesiredAbsent } from "../../model/desired-state.ts";
import { sameName } from "../../model/naming.ts";
import type { ObservedInstanceProfile, ObservedRole, ObservedState } from "../../model/observed-state.ts";
import { ownershipOf } from "../../model/ownership.ts";
import type { Action } from "../action.ts";
import { releaseInstances } from "../instances/diff-instances.ts";
import { forceDenied, guardInstances, NOBODY } from "../instances/guard-instances.ts";
import type { Blocker, Plan } from "../plan.ts";

/**
 * Backwards through what creation did: out of the profile, profile, attachments, inline policies, role. What is not ours,
 * or is to be retained, is as good as absent. What others have hung on a role that goes holds the whole deletion up; by force
 * it goes too, and each such removal is marked.
 */
export function diffAbsent(desired: DesiredAbsent, observed: ObservedState): Plan {
  const role = goes(desired, observed.role) ? (observed.role as ObservedRole) : undefined;
  const profile = goes(desired, observed.instanceProfile)
    ? (observed.instanceProfile as ObservedInstanceProfile)
    : undefined;
  const foreign = role === undefined ? NOTHING_FOREIGN : foreignOn(desired, observed, role);
  const leaving = deleteProfile(desired, observed, profile, role);
  const inUse = leaving.length === 0 ? NOBODY : guardInstances(desired, observed);
  return {
    actions: [
      ...releaseInstances(desired, observed),
      ...leaving,
      ...(role === undefined ? [] : deleteRole(desired, role, foreign)),
    ],
    blockers: [
      ...(role === undefined || desired.force ? [] : blockersOf(role.roleName, foreign, desired)),
      ...inUse.blockers,
    ],
    unmanagedPolicies: [],
    ...(inUse.notes.length > 0 && { notes: inUse.notes }),
  };
}

/** What others have put on a role, or put it into; sorted. */
interface Foreign {
  readonly inlinePolicyNames: readonly string[];
  readonly managedPolicyArns: readonly string[];
  readonly instanceProfileNames: readonly string[];
}

const NOTHING_FOREIGN: Foreign = { inlinePolicyNames: [], managedPolicyArns: [], instanceProfileNames: [] };

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
  const leaves = roleName !== undefined && (profile !== undefined || sameName(roleName, role?.roleName));
  return [
    ...(leaves ? [{ kind: "RemoveRoleFromInstanceProfile" as const, instanceProfileName, roleName }] : []),
    ...(profile === undefined ? [] : [{ kind: "DeleteInstanceProfile" as const, instanceProfileName }]),
  ];
}

function deleteRole({ force }: DesiredAbsent, role: ObservedRole, foreign: Foreign): readonly Action[] {
  const { roleName, managedPolicyArns, inlinePolicyNames } = role;
  const marked = (isForeign: boolean): { isForced?: true } => (force && isForeign ? { isForced: true } : {});
  const others = force ? foreign.instanceProfileNames : [];
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
        ...marked(foreign.managedPolicyArns.includes(policyArn)),
      }),
    ),
    ...inlinePolicyNames.map(
      (policyName): Action => ({
        kind: "DeleteRolePolicy",
        roleName,
        policyName,
        ...marked(foreign.inlinePolicyNames.includes(policyName)),
      }),
    ),
    { kind: "DeleteRole", roleName },
  ];
}

/** Policies that neither the spec nor the record on the role accounts for, and profiles that are not the object's own. */
function foreignOn(desired: DesiredAbsent, { instanceProfile }: ObservedState, role: ObservedRole): Foreign {
  const record = readAppliedRecord(role.tags);
  // A profile that a list shows and a look does not is on its way in or out: nobody's fault, and DeleteRole will tell.
  const isOwn =
    instanceProfile.presence === "absent" || ownershipOf(instanceProfile.tags, desired.owner).kind === "ours";
  const own = isOwn ? desired.instanceProfileName : undefined;
  return {
    inlinePolicyNames: role.inlinePolicyNames.filter(
      (name) => !recordsInlinePolicy(record, sameName(name, desired.policyName) ? [name, desired.policyName] : [name]),
    ),
    managedPolicyArns: role.managedPolicyArns.filter(
      (arn) => !desired.managedPolicyArns.includes(arn) && !recordsManagedPolicy(record, arn),
    ),
    instanceProfileNames: (role.instanceProfileNames ?? []).filter((name) => !sameName(name, own)),
  };
}

function blockersOf(roleName: string, foreign: Foreign, desired: DesiredAbsent): readonly Blocker[] {
  const policies = [...foreign.inlinePolicyNames, ...foreign.managedPolicyArns].sort();
  const profiles = foreign.instanceProfileNames;
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

/** The way past a blocker by annotation, or why there is none. */
function orByForce({ forceDeniedBy }: DesiredAbsent, effect: string): string {
  return forceDeniedBy === undefined
    ? `, or set the annotation ${FORCE_DELETE_ANNOTATION}: "true" ${effect}`
    : `; ${forceDenied(forceDeniedBy)}`;
}

function when(names: readonly string[], blocker: Blocker): readonly Blocker[] {
  return names.length === 0 ? [] : [blocker];
}
