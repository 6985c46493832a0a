import type { Role } from "../account/entities.ts";
import { nameInArn } from "../account/identifiers.ts";
import { limitExceeded, noSuchEntity } from "../fault.ts";
import type { Call, Operations } from "../handler.ts";
import { checkIdentityPolicy } from "../policy/identity-grammar.ts";
import { percentEncode } from "../policy/trust-display.ts";
import { members, type XmlTree } from "../protocol/answer.ts";
import { optional, required } from "./constraints.ts";
import { modifiableRole, requireAttachable, visibleRole } from "./lookup.ts";
import { paginate } from "./paging.ts";
import { countedSize } from "./quotas.ts";
import { attachedPolicies } from "./render.ts";

/** Inline policies, managed policy attachments and permissions boundaries of roles. */
export const rolePolicyOperations: Operations = {
  PutRolePolicy: { kind: "write", handle: putRolePolicy },
  GetRolePolicy: { kind: "read", handle: getRolePolicy },
  DeleteRolePolicy: { kind: "write", handle: deleteRolePolicy },
  ListRolePolicies: { kind: "read", handle: listRolePolicies },
  AttachRolePolicy: { kind: "write", handle: attachRolePolicy },
  DetachRolePolicy: { kind: "write", handle: detachRolePolicy },
  ListAttachedRolePolicies: { kind: "read", handle: listAttachedRolePolicies },
  PutRolePermissionsBoundary: { kind: "write", handle: putRolePermissionsBoundary },
  DeleteRolePermissionsBoundary: { kind: "write", handle: deleteRolePermissionsBoundary },
};

const isNamed = (name: string) => (policy: { readonly name: string }) =>
  policy.name.toLowerCase() === name.toLowerCase();

const missingPolicy = (name: string): Error => noSuchEntity(`The role policy with name ${name} cannot be found.`);

/** The role is looked for before the document is looked at: a missing role wins over a malformed policy. */
function putRolePolicy(call: Call): undefined {
  const { account, params } = call;
  const name = required(params, "PolicyName");
  const document = required(params, "PolicyDocument");
  const role = modifiableRole(call, required(params, "RoleName"));
  checkIdentityPolicy(document, { partition: account.settings.partition, requiresCurrentVersion: false });
  const others = role.inlinePolicies.filter((policy) => !isNamed(name)(policy));
  const inlinePolicies = [...others, { name, document }];
  const size = inlinePolicies.reduce((sum, policy) => sum + countedSize(policy.document), 0);
  const max = account.settings.quotas.inlinePoliciesSize;
  if (size > max) {
    throw limitExceeded(`Maximum policy size of ${max} bytes exceeded for role ${role.name}`);
  }
  account.roles.put(role.name, { ...role, inlinePolicies });
}

function getRolePolicy(call: Call): XmlTree {
  const name = required(call.params, "PolicyName");
  const role = visibleRole(call, required(call.params, "RoleName"));
  const policy = role.inlinePolicies.find(isNamed(name));
  if (policy === undefined) {
    throw missingPolicy(name);
  }
  return { RoleName: role.name, PolicyName: policy.name, PolicyDocument: percentEncode(policy.document) };
}

function deleteRolePolicy(call: Call): undefined {
  const name = required(call.params, "PolicyName");
  const role = modifiableRole(call, required(call.params, "RoleName"));
  if (!role.inlinePolicies.some(isNamed(name))) {
    throw missingPolicy(name);
  }
  const inlinePolicies = role.inlinePolicies.filter((policy) => !isNamed(name)(policy));
  call.account.roles.put(role.name, { ...role, inlinePolicies });
}

function listRolePolicies(call: Call): XmlTree {
  const role = visibleRole(call, required(call.params, "RoleName"));
  const page = paginate(call.account, call.params, role.inlinePolicies, (policy) => policy.name);
  return { PolicyNames: members(page.items.map((policy) => policy.name)), ...page.paging };
}

/** Attaching what is attached already succeeds and changes nothing. */
function attachRolePolicy(call: Call): undefined {
  const { account, params } = call;
  const arn = required(params, "PolicyArn");
  const role = modifiableRole(call, required(params, "RoleName"));
  requireAttachable(call, arn);
  if (role.attachedPolicyArns.includes(arn)) {
    return;
  }
  const max = account.settings.quotas.attachedPoliciesPerRole;
  if (role.attachedPolicyArns.length >= max) {
    throw limitExceeded(`Cannot exceed quota for PoliciesPerRole: ${max}`);
  }
  account.roles.put(role.name, { ...role, attachedPolicyArns: [...role.attachedPolicyArns, arn] });
}

function detachRolePolicy(call: Call): undefined {
  const arn = required(call.params, "PolicyArn");
  const role = modifiableRole(call, required(call.params, "RoleName"));
  if (!role.attachedPolicyArns.includes(arn)) {
    throw noSuchEntity(`Policy ${arn} was not found.`);
  }
  const attachedPolicyArns = role.attachedPolicyArns.filter((attached) => attached !== arn);
  call.account.roles.put(role.name, { ...role, attachedPolicyArns });
}

function listAttachedRolePolicies(call: Call): XmlTree {
  const prefix = optional(call.params, "PathPrefix") ?? "/";
  const role = visibleRole(call, required(call.params, "RoleName"));
  const arns = role.attachedPolicyArns.filter((arn) => pathOfPolicy(arn).startsWith(prefix));
  const page = paginate(call.account, call.params, arns, (arn) => arn);
  return { AttachedPolicies: attachedPolicies(page.items), ...page.paging };
}

/** `/service-role/` of `arn:aws:iam::aws:policy/service-role/Name`. */
function pathOfPolicy(arn: string): string {
  return arn.slice(arn.indexOf(":policy/") + ":policy".length, arn.length - nameInArn(arn).length);
}

function putRolePermissionsBoundary(call: Call): undefined {
  const boundaryArn = required(call.params, "PermissionsBoundary");
  const role = modifiableRole(call, required(call.params, "RoleName"));
  requireAttachable(call, boundaryArn);
  putRole(call, { ...role, boundaryArn });
}

function deleteRolePermissionsBoundary(call: Call): undefined {
  const role = modifiableRole(call, required(call.params, "RoleName"));
  if (role.boundaryArn === undefined) {
    throw noSuchEntity(`Role ${role.name} does not have a permission boundary.`);
  }
  putRole(call, { ...role, boundaryArn: undefined });
}

function putRole(call: Call, role: Role): void {
  call.account.roles.put(role.name, role);
}
