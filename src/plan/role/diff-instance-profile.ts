import { appliedRecord } from "../../model/applied-record.ts";
import type { DesiredPresent } from "../../model/desired-state.ts";
import { REGIONS_TAG } from "../../model/instances/recorded-regions.ts";
import { sameName } from "../../model/naming.ts";
import type { ObservedInstanceProfile } from "../../model/observed-state.ts";
import type { Tags } from "../../model/ownership.ts";
import type { Action } from "../action.ts";
import { diffTags, tagsAtCreation } from "./diff-tags.ts";

/** The writes that make an instance profile that is not there, with its role in it. */
export function createInstanceProfile(desired: DesiredPresent): readonly Action[] {
  const { instanceProfileName, path } = desired.instanceProfile;
  return [
    { kind: "CreateInstanceProfile", instanceProfileName, path, tags: profileTagsAtCreation(desired) },
    { kind: "AddRoleToInstanceProfile", instanceProfileName, roleName: desired.role.roleName },
  ];
}

/** All tags of the object's instance profile when it has just been made. */
export function profileTagsAtCreation({ owner, tags, instances }: DesiredPresent): Tags {
  // It remembers where it is associated from its first moment on; see diff-instances.ts.
  const regions = instances === undefined ? {} : { [REGIONS_TAG]: instances.region };
  return tagsAtCreation(owner, { ...tags, ...regions }, appliedRecord([], Object.keys(tags)));
}

/** The writes that bring an existing instance profile in line: its tags, and the one role it holds. */
export function updateInstanceProfile(
  desired: DesiredPresent,
  observed: ObservedInstanceProfile,
  adopted: boolean,
): readonly Action[] {
  const { instanceProfileName } = desired.instanceProfile;
  const record = appliedRecord([], Object.keys(desired.tags));
  const tags = diffTags({ observed: observed.tags, owner: desired.owner, adopted, wanted: desired.tags, record });
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

/** IAM allows one role in a profile: another one has to leave before ours can enter. */
function replaceRole(desired: DesiredPresent, observed: ObservedInstanceProfile): readonly Action[] {
  const { instanceProfileName } = desired.instanceProfile;
  const { roleName } = desired.role;
  if (sameName(observed.roleName, roleName)) return [];
  return [
    ...(observed.roleName === undefined
      ? []
      : [{ kind: "RemoveRoleFromInstanceProfile" as const, instanceProfileName, roleName: observed.roleName }]),
    { kind: "AddRoleToInstanceProfile", instanceProfileName, roleName },
  ];
}

function tagInstanceProfile(instanceProfileName: string, tags: Readonly<Record<string, string>>): readonly Action[] {
  return Object.keys(tags).length === 0 ? [] : [{ kind: "TagInstanceProfile", instanceProfileName, tags }];
}

function untagInstanceProfile(instanceProfileName: string, tagKeys: readonly string[]): readonly Action[] {
  return tagKeys.length === 0 ? [] : [{ kind: "UntagInstanceProfile", instanceProfileName, tagKeys }];
}
