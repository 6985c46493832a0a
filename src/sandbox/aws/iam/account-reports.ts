import type { Account } from "../account/account.ts";
import type { InstanceProfile, ManagedPolicy, Role } from "../account/entities.ts";
import { nameInArn } from "../account/identifiers.ts";
import { noSuchEntity, validationError } from "../fault.ts";
import type { Call, Operations } from "../handler.ts";
import { percentEncode } from "../policy/trust-display.ts";
import { members, type XmlTree } from "../protocol/answer.ts";
import { optional } from "./constraints.ts";
import { paginate } from "./paging.ts";
import {
  attachedPolicies,
  boundary,
  fullPolicy,
  fullVersion,
  listedProfile,
  roleIdentity,
  roleLastUsed,
} from "./render.ts";
import { tagElements } from "./tags.ts";

/** Calls that answer about the account as a whole. */
export const accountReportOperations: Operations = {
  GetAccountAuthorizationDetails: { kind: "read", handle: getAccountAuthorizationDetails },
  GetAccountSummary: { kind: "read", handle: getAccountSummary },
  GetUser: { kind: "read", handle: getUser },
};

const REPORTED_KINDS = ["Role", "LocalManagedPolicy"];

/** With the filters `Role` and `LocalManagedPolicy`, one of which the sandbox insists on: it reports nothing else. */
function getAccountAuthorizationDetails({ account, params }: Call): XmlTree {
  const filters = params.strings("Filter.member");
  if (filters.length === 0 || filters.some((filter) => !REPORTED_KINDS.includes(filter))) {
    throw validationError(
      `The sandbox reports roles and customer managed policies alone: set the filter to Role or LocalManagedPolicy, not to [${filters.join(", ")}].`,
    );
  }
  const roles = filters.includes("Role") ? account.roles.allVisible() : [];
  const policies = filters.includes("LocalManagedPolicy") ? account.policies.allVisible() : [];
  const page = paginate<Role | ManagedPolicy>(account, params, [...roles, ...policies], keyInReport);
  const profiles = Map.groupBy(account.instanceProfiles.allVisible(), (profile) => profile.roleName?.toLowerCase());
  const reported = page.items.flatMap((item) =>
    isRole(item) ? [roleDetail(account, item, profiles.get(item.name.toLowerCase()) ?? [])] : [],
  );
  return {
    UserDetailList: members([]),
    GroupDetailList: members([]),
    RoleDetailList: members(reported),
    Policies: members(page.items.flatMap((item) => (isRole(item) ? [] : [policyDetail(account, item)]))),
    ...page.paging,
  };
}

function isRole(item: Role | ManagedPolicy): item is Role {
  return "trustPolicy" in item;
}

function keyInReport(item: Role | ManagedPolicy): string {
  return isRole(item) ? item.name : item.arn;
}

/** A customer managed policy in the report: with the documents of all versions, without tags. */
function policyDetail(account: Account, policy: ManagedPolicy): XmlTree {
  const { Tags: _, ...shown } = fullPolicy(account, policy);
  return { ...shown, PolicyVersionList: members(policy.versions.map((version) => fullVersion(policy, version))) };
}

/** A role in the report: with its policies; without Description and MaxSessionDuration; profile tags are left out too. */
function roleDetail(account: Account, role: Role, profiles: readonly InstanceProfile[]): XmlTree {
  const inline = account.shown(role.inlinePolicies).map((policy) => ({
    PolicyName: policy.name,
    PolicyDocument: percentEncode(policy.document),
  }));
  return {
    ...roleIdentity(account, role),
    InstanceProfileList: members(account.shown(profiles).map((profile) => listedProfile(account, profile))),
    RolePolicyList: members(inline),
    AttachedManagedPolicies: attachedPolicies(account.shown(role.attachedPolicyArns)),
    PermissionsBoundary: boundary(role.boundaryArn),
    Tags: tagElements(account, role.tags) ?? {},
    RoleLastUsed: roleLastUsed(account, role),
  };
}

/** Without a name IAM answers the caller; Terraform asks that way when it looks for the account's id. */
function getUser({ account, caller, params }: Call): XmlTree {
  const name = optional(params, "UserName");
  const callerName = nameInArn(caller.arn);
  if (name !== undefined && (caller.arn !== account.developerArn || name !== callerName)) {
    throw noSuchEntity(`The user with name ${name} cannot be found.`);
  }
  return { User: { Path: "/", UserName: callerName, UserId: caller.userId, Arn: caller.arn } };
}

function getAccountSummary({ account }: Call): XmlTree {
  const { quotas } = account.settings;
  const entries: Readonly<Record<string, number>> = {
    Roles: account.roles.count(),
    RolesQuota: quotas.roles,
    InstanceProfiles: account.instanceProfiles.count(),
    InstanceProfilesQuota: quotas.instanceProfiles,
    Policies: account.policies.count(),
    PoliciesQuota: quotas.policies,
    PolicySizeQuota: quotas.managedPolicySize,
    VersionsPerPolicyQuota: quotas.versionsPerPolicy,
    AssumeRolePolicySizeQuota: quotas.trustPolicySize,
    RolePolicySizeQuota: quotas.inlinePoliciesSize,
    AttachedPoliciesPerRoleQuota: quotas.attachedPoliciesPerRole,
  };
  return { SummaryMap: { entry: Object.entries(entries).map(([key, value]) => ({ key, value })) } };
}
