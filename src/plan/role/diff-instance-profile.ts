import { appliedRecord } from "../../model/applied-record.ts";
import type { DesiredPresent } from "../../model/desired-state.ts";
import { REGIONS_TAG } from "../../model/instances/association-tags.ts";
import { sameName } from "../../model/naming.ts";
import type { ObservedInstanceProfile } from "../../model/observed-state.ts";
import type { Tags } from "../../model/ownership.ts";
import type { Action } from "../action.ts";
import { diffTags, tagsAtCreation } from "./diff-tags.ts";

/** The writes that create an absent instance profile and add the role to it. */
export function createInstanceProfile(desired: DesiredPresent): readonly Action[] {
  const { instanceProfileName, path } = desired.instanceProfile;
  return [
    { kind: "CreateInstanceProfile", instanceProfileName, path, tags: profileTagsAtCreation(desired) },
    ...addRole(desired),
  ];
}

/** All tags of the instance profile at its creation. */
export function profileTagsAtCreation({ owner, instanceProfile: { tags }, instances }: DesiredPresent): Tags {
  // The profile records the region from its creation on; see diff-instances.ts.
  const regions = instances === undefined ? {} : { [REGIONS_TAG]: instances.region };
  return tagsAtCreation(owner, { ...tags, ...regions }, appliedRecord([], Object.keys(tags)));
}

/** The writes that update an existing instance profile: its tags, and the one role that it holds. */
export function updateInstanceProfile(
  desired: DesiredPresent,
  observed: ObservedInstanceProfile,
  adopted: boolean,
): readonly Action[] {
  const { instanceProfileName, tags: wanted } = desired.instanceProfile;
  const record = appliedRecord([], Object.keys(wanted));
  const tags = diffTags({ observed: observed.tags, owner: desired.owner, adopted, wanted, record });
  const untag = untagInstanceProfile(instanceProfileName, tags.untag);
  return [
    ...untagInstanceProfile(instanceProfileName, tags.replaced),
    ...(tags.removesFirst ? untag : []),
    ...tagInstanceProfile(instanceProfileName, tags.before),
    ...replaceRole(desired, observed),
    ...(tags.removesFirst ? [] : untag),
    ...tagInstanceProfile(instanceProfileName, tags.after),
  ];
}

function addRole({ instanceProfile, role, roleManagement }: DesiredPresent): readonly Action[] {
  if (roleManagement === "revoked") return [];
  const { instanceProfileName } = instanceProfile;
  const { roleName } = role;
  const isExternal = roleManagement === "external" && { isExternal: true as const };
  return [{ kind: "AddRoleToInstanceProfile", instanceProfileName, roleName, ...isExternal }];
}

/** IAM allows one role in an instance profile, so another role is removed first. */
function replaceRole(desired: DesiredPresent, observed: ObservedInstanceProfile): readonly Action[] {
  const { instanceProfileName } = desired.instanceProfile;
  const isRevoked = desired.roleManagement === "revoked";
  if (sameName(observed.roleName, desired.role.roleName) && !isRevoked) return [];
  return [
    ...(observed.roleName === undefined
      ? []
      : [{ kind: "RemoveRoleFromInstanceProfile" as const, instanceProfileName, roleName: observed.roleName }]),
    ...addRole(desired),
  ];
}

function tagInstanceProfile(instanceProfileName: string, tags: Readonly<Record<string, string>>): readonly Action[] {
  return Object.keys(tags).length === 0 ? [] : [{ kind: "TagInstanceProfile", instanceProfileName, tags }];
}

function untagInstanceProfile(instanceProfileName: string, tagKeys: readonly string[]): readonly Action[] {
  return tagKeys.length === 0 ? [] : [{ kind: "UntagInstanceProfile", instanceProfileName, tagKeys }];
}
