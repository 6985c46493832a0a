import type { Account } from "../account/account.ts";
import type { InstanceProfile, ManagedPolicy, Role, User } from "../account/entities.ts";
import { validationError } from "../fault.ts";
import type { Call, Operations } from "../handler.ts";
import { awsManagedPolicies } from "../policy/aws-managed-policies.ts";
import { percentEncode } from "../policy/trust-display.ts";
import { members, type XmlTree } from "../protocol/answer.ts";
import { constraintMessage } from "./constraints.ts";
import { paginate } from "./paging.ts";
import {
  attachedPolicies,
  boundary,
  fullUser,
  listedPolicy,
  listedProfile,
  policyVersions,
  roleIdentity,
} from "./render.ts";
import { tagElements } from "./tags.ts";

/** Calls that answer about the account as a whole. */
export const accountReportOperations: Operations = {
  GetAccountAuthorizationDetails: { kind: "read", handle: getAccountAuthorizationDetails },
  GetAccountSummary: { kind: "read", handle: getAccountSummary },
  ListAccountAliases: {
    kind: "read",
    handle: () => ({ AccountAliases: members([]), IsTruncated: false }),
  },
};

const filters = ["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"] as const;
type Filter = (typeof filters)[number];

/** One entry of the report, of whatever kind: a single Marker walks all the lists together. */
type Entry =
  | { readonly kind: "User"; readonly user: User }
  | { readonly kind: "Role"; readonly role: Role }
  | { readonly kind: "LocalManagedPolicy" | "AWSManagedPolicy"; readonly policy: ManagedPolicy };

function getAccountAuthorizationDetails({ account, params }: Call): XmlTree {
  const wanted = readFilter(params.strings("Filter.member"));
  const entries = allEntries(account, wanted).filter((entry) => wanted.has(entry.kind));
  const page = paginate(account, params, entries, keyOf);
  const profiles = Map.groupBy(account.instanceProfiles.allVisible(), (profile) => profile.roleName?.toLowerCase());
  const roles = page.items.flatMap((entry) =>
    entry.kind === "Role" ? [roleDetail(account, entry.role, profiles.get(entry.role.name.toLowerCase()) ?? [])] : [],
  );
  const users = page.items.flatMap((entry) => (entry.kind === "User" ? [fullUser(account, entry.user)] : []));
  const policies = page.items.flatMap((entry) => ("policy" in entry ? [policyDetail(account, entry.policy)] : []));
  return {
    UserDetailList: members(users),
    GroupDetailList: members([]),
    RoleDetailList: members(roles),
    Policies: members(policies),
    ...page.paging,
  };
}

function readFilter(values: readonly string[]): ReadonlySet<Filter> {
  const unknown = values.find((value) => !filters.some((filter) => filter === value));
  if (unknown !== undefined) {
    const allowed = `Member must satisfy enum value set: [${filters.join(", ")}]`;
    throw validationError(constraintMessage("filter", allowed, `[${values.join(", ")}]`));
  }
  return new Set(values.length === 0 ? filters : filters.filter((filter) => values.includes(filter)));
}

/** Without a filter AWS lists of its own policies only those that are in use. */
function allEntries(account: Account, wanted: ReadonlySet<Filter>): Entry[] {
  const users = account.users.allVisible().map((user): Entry => ({ kind: "User", user }));
  const roles = account.roles.allVisible();
  const own = account.policies.allVisible().map((policy): Entry => ({ kind: "LocalManagedPolicy", policy }));
  const isUsed = (policy: ManagedPolicy): boolean => roles.some((role) => role.attachedPolicyArns.includes(policy.arn));
  const aws = awsManagedPolicies(account.settings.partition)
    .filter((policy) => wanted.size < filters.length || isUsed(policy))
    .map((policy): Entry => ({ kind: "AWSManagedPolicy", policy }));
  return [...users, ...roles.map((role): Entry => ({ kind: "Role", role })), ...own, ...aws];
}

function keyOf(entry: Entry): string {
  const name = "role" in entry ? entry.role.name : "user" in entry ? entry.user.name : entry.policy.arn;
  return `${filters.indexOf(entry.kind)}:${name}`;
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
    RoleLastUsed: {},
  };
}

function policyDetail(account: Account, policy: ManagedPolicy): XmlTree {
  return {
    ...listedPolicy(account, policy),
    Description: policy.description,
    PolicyVersionList: members(policyVersions(policy, "with documents")),
  };
}

function getAccountSummary({ account }: Call): XmlTree {
  const { quotas } = account.settings;
  const entries: Readonly<Record<string, number>> = {
    Users: account.users.count(),
    UsersQuota: quotas.users,
    Groups: 0,
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
    AccountMFAEnabled: 0,
  };
  return { SummaryMap: { entry: Object.entries(entries).map(([key, value]) => ({ key, value })) } };
}
