import type { Account } from "../account/account.ts";
import type { InstanceProfile, ManagedPolicy, PolicyVersion, Role } from "../account/entities.ts";
import { nameInArn } from "../account/identifiers.ts";
import { displayTrustPolicy, percentEncode } from "../policy/trust-display.ts";
import { members, timestamp, type XmlTree } from "../protocol/answer.ts";
import { tagElements } from "./tags.ts";

/** What every shape of a role begins with. */
export function roleIdentity(account: Account, role: Role): XmlTree {
  const arnIsIdForMs = account.settings.switches.current.idAsArnMs ?? 0;
  const isNew = account.now() < role.createdAtMs + arnIsIdForMs;
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.id,
    Arn: isNew ? role.id : account.roleArn(role),
    CreateDate: timestamp(role.createdAtMs),
    AssumeRolePolicyDocument: percentEncode(displayTrustPolicy(account, role.trustPolicy)),
  };
}

/** A role as GetRole and CreateRole answer it: everything but policies. */
export function fullRole(account: Account, role: Role): XmlTree {
  return {
    ...listedRole(account, role),
    PermissionsBoundary: boundary(role.boundaryArn),
    Tags: tagElements(account, role.tags),
    RoleLastUsed: roleLastUsed(account, role),
  };
}

/** Empty for a role that was never used. */
export function roleLastUsed(account: Account, { id }: Role): XmlTree {
  const use = account.uses.last(id);
  return use === undefined ? {} : { LastUsedDate: timestamp(use.atMs), Region: use.region };
}

/** A role as listings answer it: without boundary, tags and last use. */
export function listedRole(account: Account, role: Role): XmlTree {
  return {
    ...roleIdentity(account, role),
    Description: role.description,
    MaxSessionDuration: role.maxSessionSeconds,
  };
}

/** A permissions boundary as an element; absent when there is none. */
export function boundary(arn: string | undefined): XmlTree | undefined {
  return arn === undefined ? undefined : { PermissionsBoundaryType: "Policy", PermissionsBoundaryArn: arn };
}

/** An instance profile as listings answer it: without tags, with its role. */
export function listedProfile(account: Account, profile: InstanceProfile): XmlTree {
  const role = profile.roleName === undefined ? undefined : shownRole(account, profile.roleName);
  return {
    Path: profile.path,
    InstanceProfileName: profile.name,
    InstanceProfileId: profile.id,
    Arn: account.instanceProfileArn(profile),
    CreateDate: timestamp(profile.createdAtMs),
    Roles: members(role === undefined ? [] : [{ ...roleIdentity(account, role) }]),
  };
}

/** The role in a profile: as readers see it, or in truth when they do not see it at all while the profile names it. */
function shownRole(account: Account, name: string): Role | undefined {
  return account.roles.visible(name) ?? account.roles.latest(name);
}

/** An instance profile as GetInstanceProfile and CreateInstanceProfile answer it. */
export function fullProfile(account: Account, profile: InstanceProfile): XmlTree {
  return { ...listedProfile(account, profile), Tags: tagElements(account, profile.tags) };
}

/** Attached managed policies by ARN. */
export function attachedPolicies(arns: readonly string[]): XmlTree {
  return members(arns.map((arn) => ({ PolicyName: nameInArn(arn), PolicyArn: arn })));
}

/** A managed policy as listings answer it: without description and tags. */
export function listedPolicy(account: Account, policy: ManagedPolicy): XmlTree {
  const roles = account.roles.allVisible();
  return {
    PolicyName: policy.name,
    PolicyId: policy.id,
    Arn: policy.arn,
    Path: policy.path,
    DefaultVersionId: policy.defaultVersionId,
    AttachmentCount: roles.filter((role) => role.attachedPolicyArns.includes(policy.arn)).length,
    PermissionsBoundaryUsageCount: roles.filter((role) => role.boundaryArn === policy.arn).length,
    IsAttachable: true,
    CreateDate: timestamp(policy.createdAtMs),
    UpdateDate: timestamp(policy.versions.at(-1)?.createdAtMs ?? policy.createdAtMs),
  };
}

/** A version of a managed policy as listings answer it: without its document. */
export function listedVersion(policy: ManagedPolicy, version: PolicyVersion): XmlTree {
  return {
    VersionId: version.id,
    IsDefaultVersion: version.id === policy.defaultVersionId,
    CreateDate: timestamp(version.createdAtMs),
  };
}

/** A version of a managed policy with its document, percent-encoded. */
export function fullVersion(policy: ManagedPolicy, version: PolicyVersion): XmlTree {
  return { Document: percentEncode(version.document), ...listedVersion(policy, version) };
}

/** A managed policy as GetPolicy and CreatePolicy answer it. */
export function fullPolicy(account: Account, policy: ManagedPolicy): XmlTree {
  return { ...listedPolicy(account, policy), Description: policy.description, Tags: tagElements(account, policy.tags) };
}
