import type { InstanceProfile } from "../account/entities.ts";
import { uniqueId } from "../account/identifiers.ts";
import { passRolePermission } from "../authorization/permissions.ts";
import { alreadyExists, deleteConflict, limitExceeded, noSuchEntity } from "../fault.ts";
import type { Call, Operations } from "../handler.ts";
import { members, type XmlTree } from "../protocol/answer.ts";
import { optional, required } from "./constraints.ts";
import { visibleProfile, visibleRole, writableProfile, writableRole } from "./lookup.ts";
import { paginate } from "./paging.ts";
import { fullProfile, listedProfile } from "./render.ts";
import { readTags, tagOnCreatePermission, tagOperations } from "./tags.ts";

/** Instance profiles, their tags and the one role in each. */
export const instanceProfileOperations: Operations = {
  CreateInstanceProfile: {
    kind: "write",
    handle: createInstanceProfile,
    alsoNeeds: tagOnCreatePermission("InstanceProfile"),
  },
  GetInstanceProfile: {
    kind: "read",
    handle: (call) => ({ InstanceProfile: fullProfile(call.account, visibleProfile(call, nameIn(call))) }),
  },
  DeleteInstanceProfile: { kind: "write", handle: deleteInstanceProfile },
  ListInstanceProfiles: { kind: "read", handle: listInstanceProfiles },
  ListInstanceProfilesForRole: { kind: "read", handle: listInstanceProfilesForRole },
  AddRoleToInstanceProfile: {
    kind: "write",
    handle: addRole,
    alsoNeeds: ({ account, params }) => passRolePermission(account, params.get("RoleName")),
  },
  RemoveRoleFromInstanceProfile: { kind: "write", handle: removeRole },
  ...tagOperations<InstanceProfile>("InstanceProfile", {
    visible: (call) => visibleProfile(call, nameIn(call)),
    writable: (call) => writableProfile(call, nameIn(call)),
    put: ({ account }, profile) => account.instanceProfiles.put(profile.name, profile),
  }),
};

const nameIn = (call: Call): string => required(call.params, "InstanceProfileName");

function createInstanceProfile({ account, params }: Call): XmlTree {
  const name = required(params, "InstanceProfileName");
  const path = optional(params, "Path") ?? "/";
  const tags = readTags(account, params);
  if (account.instanceProfiles.latest(name) !== undefined) {
    throw alreadyExists(`Instance Profile ${name} already exists.`);
  }
  const max = account.settings.quotas.instanceProfiles;
  if (account.instanceProfiles.count() >= max) {
    throw limitExceeded(`Cannot exceed quota for InstanceProfilesPerAccount: ${max}`);
  }
  const profile: InstanceProfile = {
    name,
    path,
    id: uniqueId("AIPA", account.settings.random),
    createdAtMs: account.now(),
    tags,
    roleName: undefined,
  };
  account.instanceProfiles.put(name, profile);
  return { InstanceProfile: fullProfile(account, profile) };
}

/**
 * Instances that use the profile do not hold its deletion back, nor does a role removed just before: nobody reports such a
 * conflict, and Terraform, which retries DeleteRole for this, does not retry here.
 */
function deleteInstanceProfile(call: Call): undefined {
  const { account } = call;
  const profile = writableProfile(call, nameIn(call));
  if (profile.roleName !== undefined) {
    throw deleteConflict("Cannot delete entity, must remove roles from instance profile first.");
  }
  account.instanceProfiles.remove(profile.name);
}

function listInstanceProfiles({ account, params }: Call): XmlTree {
  const prefix = optional(params, "PathPrefix") ?? "/";
  const profiles = account.instanceProfiles.allVisible().filter((profile) => profile.path.startsWith(prefix));
  return listing(account, params, profiles);
}

function listInstanceProfilesForRole(call: Call): XmlTree {
  const role = visibleRole(call, required(call.params, "RoleName"));
  const profiles = call.account.instanceProfiles.allVisible().filter((profile) => holds(profile, role.name));
  return listing(call.account, call.params, profiles);
}

function listing(account: Call["account"], params: Call["params"], profiles: readonly InstanceProfile[]): XmlTree {
  const page = paginate(account, params, profiles, (profile) => profile.name);
  const elements = page.items.map((profile) => listedProfile(account, profile));
  return { InstanceProfiles: members(elements), ...page.paging };
}

const holds = (profile: InstanceProfile, roleName: string): boolean =>
  profile.roleName?.toLowerCase() === roleName.toLowerCase();

/** The limit of one role is met before it is asked whether the role is the one that is there. */
function addRole(call: Call): undefined {
  const profile = writableProfile(call, nameIn(call));
  const role = writableRole(call, required(call.params, "RoleName"));
  if (profile.roleName !== undefined) {
    throw limitExceeded("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1");
  }
  call.account.instanceProfiles.put(profile.name, { ...profile, roleName: role.name });
}

function removeRole(call: Call): undefined {
  const profile = writableProfile(call, nameIn(call));
  const role = writableRole(call, required(call.params, "RoleName"));
  if (!holds(profile, role.name)) {
    throw noSuchEntity(`Role ${role.name} is not in Instance Profile ${profile.name}.`);
  }
  call.account.instanceProfiles.put(profile.name, { ...profile, roleName: undefined });
}
