import type { DesiredPresent } from "../../model/desired-state.ts";
import { sameName } from "../../model/naming.ts";
import type { Absent, ObservedInstanceProfile, ObservedRole, ObservedState } from "../../model/observed-state.ts";
import { ownershipOf } from "../../model/ownership.ts";
import { listed, listedTemplates, unsearchedNotes } from "../instances/guard-instances.ts";
import type { Blocker, Note } from "../plan.ts";

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
