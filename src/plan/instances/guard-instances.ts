import { FORCE_DELETE_ANNOTATION } from "../../api/instance-profile.ts";
import type { DesiredAbsent } from "../../model/desired-state.ts";
import type { ObservedInstance, ObservedInstances } from "../../model/instances/instance.ts";
import type { ObservedState } from "../../model/observed-state.ts";
import type { Blocker, Note } from "../plan.ts";
import { carries } from "./instance-status.ts";

/** What running instances have to say to the end of their profile. */
export interface InstanceGuard {
  readonly blockers: readonly Blocker[];
  readonly notes: readonly Note[];
}

/** No instance has anything to say. */
export const NOBODY: InstanceGuard = { blockers: [], notes: [] };

/** More than these are counted, so that the message stays readable. */
const MAX_NAMED = 20;

/**
 * IAM deletes a profile that instances use without a word, and they lose their credentials. Those that the controller has
 * associated are released by the plan; any other holds the deletion up until it ends, or until the user insists.
 */
export function guardInstances(desired: DesiredAbsent, { instances }: ObservedState): InstanceGuard {
  if (instances === undefined) return NOBODY;
  const users = instances.found.filter((instance) => carries(instance, desired) && !isReleased(instance));
  const unsearched = unsearchedNotes(desired.instanceProfileName, instances.unsearched);
  if (users.length === 0) return { blockers: [], notes: unsearched };
  if (desired.force) return { blockers: [], notes: [...unsearched, passed(desired, users)] };
  return { blockers: [inUse(desired, users)], notes: unsearched };
}

/** Says where the users of an instance profile could not be searched for. */
export function unsearchedNotes(
  instanceProfileName: string,
  unsearched: ObservedInstances["unsearched"],
): readonly Note[] {
  return unsearched.map(({ region, why }) => ({
    reason: "InstancesNotSearched",
    message: `instances of ${region} that may use instance profile ${instanceProfileName} were not looked for: ${why}`,
  }));
}

/** The plan takes the profile off it: the controller has put it there, and EC2 names the association. */
function isReleased({ isMarked, association }: ObservedInstance): boolean {
  return isMarked && association?.associationId !== "";
}

/** Says that the annotation `force-delete` has no effect, and why. */
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

function passed({ instanceProfileName }: DesiredAbsent, users: readonly ObservedInstance[]): Note {
  return {
    reason: "DeletedInUse",
    message: `force-delete: deletes instance profile ${instanceProfileName} although ${listed(users)} use it; they lose their credentials`,
  };
}

/** The instances by id and region, the first of them by name. */
export function listed(users: readonly Pick<ObservedInstance, "instanceId" | "region">[]): string {
  const named = users.slice(0, MAX_NAMED).map(({ instanceId, region }) => `${instanceId} (${region})`);
  const rest = users.length - named.length;
  return [...named, ...(rest > 0 ? [`${rest} more`] : [])].join(", ");
}
