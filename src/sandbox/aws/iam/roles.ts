import type { Account } from "../account/account.ts";
import type { Role, TrustPolicy } from "../account/entities.ts";
import { uniqueId } from "../account/identifiers.ts";
import { alreadyExists, deleteConflict, limitExceeded } from "../fault.ts";
import type { Call, Operations } from "../handler.ts";
import { resolvePrincipals } from "../policy/principals.ts";
import { parseTrustPolicy } from "../policy/trust-grammar.ts";
import { members, type XmlTree } from "../protocol/answer.ts";
import { integer, optional, required } from "./constraints.ts";
import { modifiableRole, requireAttachable, visibleRole, writableRole } from "./lookup.ts";
import { paginate } from "./paging.ts";
import { countedSize } from "./quotas.ts";
import { fullRole, listedRole } from "./render.ts";
import { readTags, tagOnCreatePermission, tagOperations } from "./tags.ts";

const sessionSeconds = { min: 3_600, max: 43_200, fallback: 3_600 };

/** Everything about roles but their policies. */
export const roleOperations: Operations = {
  CreateRole: { kind: "write", handle: createRole, alsoNeeds: tagOnCreatePermission("Role") },
  GetRole: {
    kind: "read",
    handle: (call) => ({ Role: fullRole(call.account, visibleRole(call, nameIn(call))) }),
  },
  UpdateRole: { kind: "write", handle: updateRole },
  UpdateRoleDescription: { kind: "write", handle: updateRoleDescription },
  UpdateAssumeRolePolicy: { kind: "write", handle: updateAssumeRolePolicy },
  DeleteRole: { kind: "write", handle: deleteRole },
  ListRoles: { kind: "read", handle: listRoles },
  ...tagOperations<Role>("Role", {
    visible: (call) => visibleRole(call, nameIn(call)),
    writable: (call) => modifiableRole(call, nameIn(call)),
    put: ({ account }, role) => account.roles.put(role.name, role),
  }),
};

const nameIn = (call: Call): string => required(call.params, "RoleName");

function change(call: Call, update: (role: Role) => Role): undefined {
  const role = modifiableRole(call, nameIn(call));
  call.account.roles.put(role.name, update(role));
}

function createRole(call: Call): XmlTree {
  const { account, params } = call;
  const name = required(params, "RoleName");
  const path = optional(params, "Path") ?? "/";
  const document = required(params, "AssumeRolePolicyDocument");
  const description = optional(params, "Description");
  const maxSessionSeconds = integer(params, "MaxSessionDuration", sessionSeconds);
  const boundaryArn = optional(params, "PermissionsBoundary");
  const tags = readTags(account, params);
  if (account.roles.latest(name) !== undefined) {
    throw alreadyExists(`Role with name ${name} already exists.`);
  }
  const trustPolicy = acceptTrustPolicy(account, document);
  if (boundaryArn !== undefined) {
    requireAttachable(call, boundaryArn);
  }
  if (account.roles.count() >= account.settings.quotas.roles) {
    throw limitExceeded(`Cannot exceed quota for RolesPerAccount: ${account.settings.quotas.roles}`);
  }
  const role: Role = {
    name,
    path,
    id: uniqueId("AROA", account.settings.random),
    createdAtMs: account.now(),
    trustPolicy,
    description,
    maxSessionSeconds,
    boundaryArn,
    tags,
    inlinePolicies: [],
    attachedPolicyArns: [],
  };
  account.roles.put(name, role);
  return { Role: fullRole(account, role) };
}

function acceptTrustPolicy(account: Account, text: string): TrustPolicy {
  const document = parseTrustPolicy(text);
  const max = account.settings.quotas.trustPolicySize;
  if (countedSize(text) > max) {
    throw limitExceeded(`Cannot exceed quota for ACLSizePerRole: ${max}`);
  }
  return resolvePrincipals(account, document);
}

/** An absent MaxSessionDuration means one hour, not "leave it"; an absent Description is left as it is. */
function updateRole(call: Call): XmlTree {
  const description = optional(call.params, "Description");
  const maxSessionSeconds = integer(call.params, "MaxSessionDuration", sessionSeconds);
  change(call, (role) => ({ ...role, description: description ?? role.description, maxSessionSeconds }));
  return {};
}

function updateRoleDescription(call: Call): XmlTree {
  const description = optional(call.params, "Description");
  change(call, (role) => ({ ...role, description }));
  return { Role: fullRole(call.account, writableRole(call, required(call.params, "RoleName"))) };
}

function updateAssumeRolePolicy(call: Call): undefined {
  const document = required(call.params, "PolicyDocument");
  return change(call, (role) => ({ ...role, trustPolicy: acceptTrustPolicy(call.account, document) }));
}

function deleteRole(call: Call): undefined {
  const { account } = call;
  const role = modifiableRole(call, required(call.params, "RoleName"));
  const states = account.roles.effective(role.name);
  if (account.instanceProfiles.allEffective().some((profile) => isIn(profile.roleName, role.name))) {
    throw deleteConflict("Cannot delete entity, must remove roles from instance profile first.");
  }
  if (states.some((state) => state.attachedPolicyArns.length > 0)) {
    throw deleteConflict("Cannot delete entity, must detach all policies first.");
  }
  if (states.some((state) => state.inlinePolicies.length > 0)) {
    throw deleteConflict("Cannot delete entity, must delete policies first.");
  }
  account.roles.remove(role.name);
}

const isIn = (member: string | undefined, name: string): boolean => member?.toLowerCase() === name.toLowerCase();

function listRoles({ account, params }: Call): XmlTree {
  const prefix = optional(params, "PathPrefix") ?? "/";
  const roles = account.roles.allVisible().filter((role) => role.path.startsWith(prefix));
  const page = paginate(account, params, roles, (role) => role.name);
  return { Roles: members(page.items.map((role) => listedRole(account, role))), ...page.paging };
}
