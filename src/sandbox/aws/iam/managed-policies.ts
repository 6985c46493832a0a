import { firstVersion, type ManagedPolicy } from "../account/entities.ts";
import { iamArn, uniqueId } from "../account/identifiers.ts";
import { AwsFault, alreadyExists, deleteConflict, found, limitExceeded, noSuchEntity } from "../fault.ts";
import type { Call, Operations } from "../handler.ts";
import { awsManagedPolicies } from "../policy/aws-managed-policies.ts";
import { checkIdentityPolicy } from "../policy/identity-grammar.ts";
import { members, type XmlTree } from "../protocol/answer.ts";
import { optional, required } from "./constraints.ts";
import { isAwsManaged, visiblePolicy } from "./lookup.ts";
import { paginate } from "./paging.ts";
import { countedSize } from "./quotas.ts";
import { fullPolicy, listedPolicy } from "./render.ts";
import { readTags, tagOnCreatePermission, tagOperations } from "./tags.ts";

/** Managed policies and their tags. */
export const managedPolicyOperations: Operations = {
  CreatePolicy: { kind: "write", handle: createPolicy, alsoNeeds: tagOnCreatePermission("Policy") },
  GetPolicy: { kind: "read", handle: (call) => ({ Policy: fullPolicy(call.account, requireVisiblePolicy(call)) }) },
  DeletePolicy: { kind: "write", handle: deletePolicy },
  ListPolicies: { kind: "read", handle: listPolicies },
  ListEntitiesForPolicy: { kind: "read", handle: listEntities },
  ...tagOperations<ManagedPolicy>("Policy", {
    visible: requireVisiblePolicy,
    writable: requireOwnPolicy,
    put: ({ account }, policy) => account.policies.put(policy.arn, policy),
  }),
};

const missing = (arn: string): AwsFault => noSuchEntity(`Policy ${arn} was not found.`);

/**
 * The policy that PolicyArn names, the customer's or AWS's.
 * @throws AwsFault NoSuchEntity
 */
export function requireVisiblePolicy(call: Call): ManagedPolicy {
  const arn = required(call.params, "PolicyArn");
  return found(visiblePolicy(call, arn), () => missing(arn));
}

/**
 * The customer's policy that PolicyArn names, for a change.
 * @throws AwsFault NoSuchEntity, or AccessDenied for a policy of AWS
 */
export function requireOwnPolicy(call: Call): ManagedPolicy {
  const arn = required(call.params, "PolicyArn");
  if (isAwsManaged(arn)) {
    throw new AwsFault("AccessDenied", 403, `Cannot perform this action on the AWS managed policy ${arn}`);
  }
  return found(call.account.policies.writable(arn), () => missing(arn));
}

/**
 * Checks the document of a managed policy.
 * @throws AwsFault MalformedPolicyDocument, or LimitExceeded for one that is too long
 */
export function acceptManagedDocument({ account }: Call, document: string): string {
  checkIdentityPolicy(document, { partition: account.settings.partition, requiresCurrentVersion: true });
  const max = account.settings.quotas.managedPolicySize;
  if (countedSize(document) > max) {
    throw limitExceeded(`Cannot exceed quota for PolicySize: ${max}`);
  }
  return document;
}

function createPolicy(call: Call): XmlTree {
  const { account, params } = call;
  const name = required(params, "PolicyName");
  const path = optional(params, "Path") ?? "/";
  const text = required(params, "PolicyDocument");
  const tags = readTags(account, params);
  if (account.policies.allLatest().some((policy) => policy.name.toLowerCase() === name.toLowerCase())) {
    throw alreadyExists(`A policy called ${name} already exists. Duplicate names are not allowed.`);
  }
  const document = acceptManagedDocument(call, text);
  if (account.policies.count() >= account.settings.quotas.policies) {
    throw limitExceeded(`Cannot exceed quota for PoliciesPerAccount: ${account.settings.quotas.policies}`);
  }
  const policy: ManagedPolicy = {
    name,
    path,
    arn: iamArn(account.settings, "policy", path, name),
    id: uniqueId("ANPA", account.settings.random),
    createdAtMs: account.now(),
    description: params.get("Description"),
    tags,
    ...firstVersion(document, account.now()),
  };
  account.policies.put(policy.arn, policy);
  return { Policy: fullPolicy(account, policy) };
}

function deletePolicy(call: Call): undefined {
  const { account } = call;
  const policy = requireOwnPolicy(call);
  const users = account.roles.allLatest();
  if (users.some((role) => role.attachedPolicyArns.includes(policy.arn) || role.boundaryArn === policy.arn)) {
    throw deleteConflict("Cannot delete a policy attached to entities.");
  }
  if (policy.versions.length > 1) {
    throw deleteConflict(
      "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
    );
  }
  account.policies.remove(policy.arn);
}

function listPolicies({ account, params }: Call): XmlTree {
  const scope = params.get("Scope") ?? "All";
  const prefix = optional(params, "PathPrefix") ?? "/";
  const own = scope === "AWS" ? [] : account.policies.allVisible();
  const aws = scope === "Local" ? [] : awsManagedPolicies(account.settings.partition);
  const roles = account.roles.allVisible();
  const isUsed = (policy: ManagedPolicy): boolean =>
    roles.some((role) => role.attachedPolicyArns.includes(policy.arn) || role.boundaryArn === policy.arn);
  const listed = [...own, ...aws].filter(
    (policy) => policy.path.startsWith(prefix) && (params.get("OnlyAttached") !== "true" || isUsed(policy)),
  );
  const page = paginate(account, params, listed, (policy) => policy.arn);
  return { Policies: members(page.items.map((policy) => listedPolicy(account, policy))), ...page.paging };
}

/** Roles alone: the sandbox has neither groups nor users with policies. */
function listEntities(call: Call): XmlTree {
  const { account, params } = call;
  const policy = requireVisiblePolicy(call);
  const usage = params.get("PolicyUsageFilter");
  const roles = account.roles
    .allVisible()
    .filter(
      (role) =>
        (usage !== "PermissionsBoundary" && role.attachedPolicyArns.includes(policy.arn)) ||
        (usage !== "PermissionsPolicy" && role.boundaryArn === policy.arn),
    );
  const page = paginate(account, params, roles, (role) => role.name);
  return {
    PolicyGroups: members([]),
    PolicyUsers: members([]),
    PolicyRoles: members(page.items.map((role) => ({ RoleName: role.name, RoleId: role.id }))),
    ...page.paging,
  };
}
