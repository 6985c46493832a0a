import { FORCE_DELETE_ANNOTATION } from "../../api/instance-profile.ts";
import type { DesiredAbsent } from "../../model/desired-state.ts";
import type { LaunchTemplateUser, ObservedInstance, Unsearched } from "../../model/instances/instance.ts";
import type { ObservedState } from "../../model/observed-state.ts";
import { ownershipOf } from "../../model/ownership.ts";
import type { Blocker, Note } from "../plan.ts";
import { hasProfile } from "./instance-status.ts";

/** Blockers and notes of a deletion about what uses the instance profile. */
export interface InstanceGuard {
  readonly blockers: readonly Blocker[];
  readonly notes: readonly Note[];
}

/** The result when nothing uses the instance profile. */
export const NO_USERS: InstanceGuard = { blockers: [], notes: [] };

/** The maximum number of instances or launch templates that a message names; it counts the rest. */
const MAX_NAMED = 20;

/**
 * Blocks the deletion of an instance profile that instances use: IAM would delete it without an error, and they would lose their
 * credentials. The plan disassociates the instances that the controller has associated; any other one blocks the deletion until it
 * terminates, or until the user forces the deletion. So does a launch template that names the profile.
 */
export function guardInstances(desired: DesiredAbsent, { instances, role }: ObservedState): InstanceGuard {
  if (instances === undefined) return NO_USERS;
  const { found, launchTemplates = [] } = instances;
  const users = found.filter((instance) => hasProfile(instance, desired) && !isReleased(instance));
  const unsearched = unsearchedNotes(desired.instanceProfileName, instances.unsearched);
  if (users.length === 0 && launchTemplates.length === 0)
    return { blockers: [], notes: [...unsearched, ...recentUse(desired, role)] };
  if (desired.force) return { blockers: [], notes: [...unsearched, ...forcedNotes(desired, users, launchTemplates)] };
  return {
    blockers: [
      ...(users.length === 0 ? [] : [inUse(desired, users)]),
      ...(launchTemplates.length === 0 ? [] : [named(desired, launchTemplates)]),
    ],
    notes: unsearched,
  };
}

/** Notes on what was not searched for the users of an instance profile: one for the instances, one for the launch templates. */
export function unsearchedNotes(instanceProfileName: string, unsearched: readonly Unsearched[]): readonly Note[] {
  const byKind = Map.groupBy(unsearched, ({ isOfTemplates }) => isOfTemplates ?? false);
  return [...byKind].map(([isOfTemplates, all]) => {
    const what = isOfTemplates ? "launch templates that name" : "instances that use";
    const [{ why } = { why: "" }] = all;
    const message = `${placesOf(all)} not searched for ${what} instance profile ${instanceProfileName}: ${why}`;
    return { reason: isOfTemplates ? "LaunchTemplatesNotSearched" : "InstancesNotSearched", message };
  });
}

/** The regions as the subject of a sentence, with its verb. */
export function placesOf(unsearched: readonly Pick<Unsearched, "region">[]): string {
  const regions = unsearched.flatMap(({ region }) => region ?? []).sort();
  const isPartial = regions.length < unsearched.length;
  const named = `${regions.length === 1 ? "region" : "regions"} ${regions.join(", ")}`;
  const others = "the regions that the account has enabled beside the configured ones";
  if (!isPartial) return `${named} ${regions.length === 1 ? "was" : "were"}`;
  return regions.length === 0 ? `${others} were` : `${others}, and ${named} were`;
}

/** How long before the deletion a use of the role is recent: IAM shows it hours later. */
const RECENT_USE_MS = 86_400_000;

/** Notes a recent use of the role, which says that something may use it although nothing was found. */
function recentUse(
  { deletedAt, instanceProfileName, owner }: DesiredAbsent,
  role: ObservedState["role"],
): readonly Note[] {
  if (role.presence === "absent" || role.lastUsed === undefined) return [];
  if (ownershipOf(role.tags, owner).kind !== "owned") return [];
  const { at, region } = role.lastUsed;
  const isRecent = deletedAt === undefined || Date.parse(at) >= Date.parse(deletedAt) - RECENT_USE_MS;
  if (!isRecent) return [];
  const where = region === undefined ? "" : ` in ${region}`;
  const message =
    `no instance or launch template was found that uses instance profile ${instanceProfileName}, but role ${role.roleName} was last ` +
    `used at ${at}${where}`;
  return [{ reason: "RoleRecentlyUsed", message }];
}

/** True when the plan disassociates the instance: the controller associated it, and EC2 shows the association. */
function isReleased({ isMarked, association }: ObservedInstance): boolean {
  return isMarked && association?.associationId !== "";
}

/** The message that the annotation `force-delete` has no effect, and why. */
export function forceDenied(className: string): string {
  return `class ${className} does not allow the annotation ${FORCE_DELETE_ANNOTATION}`;
}

function inUse(desired: DesiredAbsent, users: readonly ObservedInstance[]): Blocker {
  const force = orByForce(desired, "deletes it anyway, and the instances lose their credentials");
  return {
    reason: "InstancesUseProfile",
    message:
      `instance profile ${desired.instanceProfileName} is in use by ${listed(users)}. Terminate them or associate another instance profile; ` +
      `the controller then continues the deletion${force}`,
  };
}

function named(desired: DesiredAbsent, templates: readonly LaunchTemplateUser[]): Blocker {
  const force = orByForce(desired, "deletes it anyway, and no instance can then start from them");
  return {
    reason: "LaunchTemplatesUseProfile",
    message:
      `instance profile ${desired.instanceProfileName} is named by ${listedTemplates(templates)}. Delete them, or set a default and a latest ` +
      `version without it; the controller then continues the deletion within two minutes${force}`,
  };
}

/** The part of a message about the annotation that overrides the blocker, or why it has no effect. */
function orByForce({ forceDeniedBy }: DesiredAbsent, effect: string): string {
  return forceDeniedBy === undefined
    ? `. The annotation ${FORCE_DELETE_ANNOTATION}: "true" ${effect}.`
    : `; ${forceDenied(forceDeniedBy)}.`;
}

function forcedNotes(
  { instanceProfileName }: DesiredAbsent,
  users: readonly ObservedInstance[],
  templates: readonly LaunchTemplateUser[],
): readonly Note[] {
  const deletes = `force-delete: deletes instance profile ${instanceProfileName} although`;
  const ofUsers = `${deletes} ${listed(users)} use it; they lose their credentials`;
  const ofTemplates = `${deletes} ${listedTemplates(templates)} name it; no instance can start from them`;
  return [
    ...(users.length === 0 ? [] : [{ reason: "DeletedInUse", message: ofUsers }]),
    ...(templates.length === 0 ? [] : [{ reason: "DeletedInUse", message: ofTemplates }]),
  ];
}

/** The first instances by id and region, and the number of the others. */
export function listed(users: readonly Pick<ObservedInstance, "instanceId" | "region">[]): string {
  return firstOf(users.map(({ instanceId, region }) => `${instanceId} (${region})`));
}

/** The first launch templates by name, id and region, and the number of the others. */
export function listedTemplates(templates: readonly LaunchTemplateUser[]): string {
  const names = templates.map(
    ({ launchTemplateId, launchTemplateName, region }) => `${launchTemplateName} (${launchTemplateId}, ${region})`,
  );
  return `${names.length === 1 ? "launch template" : "launch templates"} ${firstOf(names)}`;
}

function firstOf(names: readonly string[]): string {
  const rest = names.length - MAX_NAMED;
  return [...names.slice(0, MAX_NAMED), ...(rest > 0 ? [`${rest} more`] : [])].join(", ");
}
