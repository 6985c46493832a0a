import { FORCE_DELETE_ANNOTATION } from "../../api/instance-profile.ts";
import type { DesiredAbsent } from "../../model/desired-state.ts";
import type { ObservedInstance, ObservedInstances } from "../../model/instances/instance.ts";
import type { ObservedState } from "../../model/observed-state.ts";
import type { Blocker, Note } from "../plan.ts";
import { hasProfile } from "./instance-status.ts";

/** Blockers and notes of a deletion about instances that use the instance profile. */
export interface InstanceGuard {
  readonly blockers: readonly Blocker[];
  readonly notes: readonly Note[];
}

/** The result when no instance uses the instance profile. */
export const NO_USERS: InstanceGuard = { blockers: [], notes: [] };

/** The maximum number of instances that a message names; it counts the rest. */
const MAX_NAMED = 20;

/**
 * Blocks the deletion of an instance profile that instances use: IAM would delete it without an error, and they would lose their
 * credentials. The plan disassociates the instances that the controller has associated; any other one blocks the deletion until it
 * terminates, or until the user forces the deletion.
 */
export function guardInstances(desired: DesiredAbsent, { instances }: ObservedState): InstanceGuard {
  if (instances === undefined) return NO_USERS;
  const users = instances.found.filter((instance) => hasProfile(instance, desired) && !isReleased(instance));
  const unsearched = unsearchedNotes(desired.instanceProfileName, instances.unsearched);
  if (users.length === 0) return { blockers: [], notes: unsearched };
  if (desired.force) return { blockers: [], notes: [...unsearched, forcedNote(desired, users)] };
  return { blockers: [inUse(desired, users)], notes: unsearched };
}

/** Notes for the regions in which the users of an instance profile could not be searched. */
export function unsearchedNotes(
  instanceProfileName: string,
  unsearched: ObservedInstances["unsearched"],
): readonly Note[] {
  return unsearched.map(({ region, why }) => ({
    reason: "InstancesNotSearched",
    message: `region ${region} was not searched for instances that use instance profile ${instanceProfileName}: ${why}`,
  }));
}

/** True when the plan disassociates the instance: the controller associated it, and EC2 shows the association. */
function isReleased({ isMarked, association }: ObservedInstance): boolean {
  return isMarked && association?.associationId !== "";
}

/** The message that the annotation `force-delete` has no effect, and why. */
export function forceDenied(className: string): string {
  return `class ${className} does not allow the annotation ${FORCE_DELETE_ANNOTATION}`;
}

function inUse({ instanceProfileName, forceDeniedBy }: DesiredAbsent, users: readonly ObservedInstance[]): Blocker {
  const force =
    forceDeniedBy === undefined
      ? `. The annotation ${FORCE_DELETE_ANNOTATION}: "true" deletes it anyway, and the instances lose their credentials.`
      : `; ${forceDenied(forceDeniedBy)}.`;
  return {
    reason: "InstancesUseProfile",
    message:
      `instance profile ${instanceProfileName} is in use by ${listed(users)}. Terminate them or associate another instance profile; ` +
      `the controller then continues the deletion${force}`,
  };
}

function forcedNote({ instanceProfileName }: DesiredAbsent, users: readonly ObservedInstance[]): Note {
  return {
    reason: "DeletedInUse",
    message: `force-delete: deletes instance profile ${instanceProfileName} although ${listed(users)} use it; they lose their credentials`,
  };
}

/** The first instances by id and region, and the number of the others. */
export function listed(users: readonly Pick<ObservedInstance, "instanceId" | "region">[]): string {
  const named = users.slice(0, MAX_NAMED).map(({ instanceId, region }) => `${instanceId} (${region})`);
  const rest = users.length - named.length;
  return [...named, ...(rest > 0 ? [`${rest} more`] : [])].join(", ");
}
