import type { InstanceProfile, ManagedPolicyDetail, Policy, Role, RoleDetail, Tag } from "@aws-sdk/client-iam";
import type {
  ListedInstanceProfile,
  ListedRole,
  ManagedPolicyFacts,
  ReportedPolicy,
  ReportedRole,
} from "../../engine/ports.ts";
import { TerminalError } from "../../errors.ts";
import type { ObservedInstanceProfile, RoleFacts } from "../../model/observed-state.ts";
import type { Tags } from "../../model/ownership.ts";
import { versionNumber } from "../../plan/role/simulate-policies.ts";
import { rfc3339 } from "../../text/rfc3339.ts";
import type { AwsCallSubject } from "../errors/aws-errors.ts";
import { requireField } from "../errors/require-field.ts";

const DEFAULT_MAX_SESSION_DURATION_SECONDS = 3600;
const MAX_TAGS = 50;

/** Converts a role of GetRole; unset fields get IAM's defaults. */
export function roleFactsOf(role: Role | undefined, subject: AwsCallSubject): RoleFacts {
  const present = requireField(role, "Role", subject);
  return {
    presence: "present",
    roleName: requireField(present.RoleName, "RoleName", subject),
    arn: requireField(present.Arn, "Arn", subject),
    roleId: requireField(present.RoleId, "RoleId", subject),
    ...createdTimeOf(present),
    path: requireField(present.Path, "Path", subject),
    description: present.Description ?? "",
    maxSessionDurationSeconds: present.MaxSessionDuration ?? DEFAULT_MAX_SESSION_DURATION_SECONDS,
    permissionsBoundaryArn: present.PermissionsBoundary?.PermissionsBoundaryArn,
    tags: tagsOf(present.Tags, subject),
    trustPolicy: requireField(present.AssumeRolePolicyDocument, "AssumeRolePolicyDocument", subject),
    ...lastUsedOf(present),
  };
}

function lastUsedOf({
  RoleLastUsed: { LastUsedDate, Region } = {},
}: Pick<Role, "RoleLastUsed">): Pick<RoleFacts, "lastUsed"> {
  return LastUsedDate === undefined ? {} : { lastUsed: { at: rfc3339(LastUsedDate.getTime()), region: Region } };
}

/** Converts a role of ListRoles, which has neither tags nor boundary. */
export function listedRoleOf(role: Role, subject: AwsCallSubject): ListedRole {
  return {
    roleName: requireField(role.RoleName, "RoleName", subject),
    description: role.Description ?? "",
    maxSessionDurationSeconds: role.MaxSessionDuration ?? DEFAULT_MAX_SESSION_DURATION_SECONDS,
  };
}

/** Converts a role with its policies of GetAccountAuthorizationDetails. */
export function reportedRoleOf(role: RoleDetail, subject: AwsCallSubject): ReportedRole {
  const inline = requireField(role.RolePolicyList, "RolePolicyList", subject).map(
    ({ PolicyName, PolicyDocument }) =>
      [
        requireField(PolicyName, "PolicyName", subject),
        requireField(PolicyDocument, "PolicyDocument", subject),
      ] as const,
  );
  const attached = requireField(role.AttachedManagedPolicies, "AttachedManagedPolicies", subject);
  return {
    presence: "present",
    roleName: requireField(role.RoleName, "RoleName", subject),
    arn: requireField(role.Arn, "Arn", subject),
    roleId: requireField(role.RoleId, "RoleId", subject),
    ...createdTimeOf(role),
    path: requireField(role.Path, "Path", subject),
    permissionsBoundaryArn: role.PermissionsBoundary?.PermissionsBoundaryArn,
    tags: tagsOf(role.Tags, subject),
    trustPolicy: requireField(role.AssumeRolePolicyDocument, "AssumeRolePolicyDocument", subject),
    inlinePolicyNames: inline.map(([name]) => name).sort(),
    inlinePolicyDocuments: Object.fromEntries(inline),
    managedPolicyArns: attached.map(({ PolicyArn }) => requireField(PolicyArn, "PolicyArn", subject)).sort(),
    ...lastUsedOf(role),
  };
}

/** Converts an instance profile of a list, which has no tags. */
export function listedInstanceProfileOf(
  instanceProfile: InstanceProfile,
  subject: AwsCallSubject,
): ListedInstanceProfile {
  const { tags: _, ...listed } = instanceProfileOf(instanceProfile, subject);
  return listed;
}

/** Converts an instance profile of GetInstanceProfile. */
export function instanceProfileOf(
  instanceProfile: InstanceProfile | undefined,
  subject: AwsCallSubject,
): ObservedInstanceProfile {
  const present = requireField(instanceProfile, "InstanceProfile", subject);
  return {
    presence: "present",
    instanceProfileName: requireField(present.InstanceProfileName, "InstanceProfileName", subject),
    arn: requireField(present.Arn, "Arn", subject),
    id: requireField(present.InstanceProfileId, "InstanceProfileId", subject),
    ...createdTimeOf(present),
    path: requireField(present.Path, "Path", subject),
    tags: tagsOf(present.Tags, subject),
    roleName: present.Roles?.[0]?.RoleName,
  };
}

/** Converts a managed policy of GetPolicy. */
export function managedPolicyFactsOf(policy: Policy | undefined, subject: AwsCallSubject): ManagedPolicyFacts {
  const present = requireField(policy, "Policy", subject);
  return {
    presence: "present",
    arn: requireField(present.Arn, "Arn", subject),
    policyId: requireField(present.PolicyId, "PolicyId", subject),
    ...createdTimeOf(present),
    tags: tagsOf(present.Tags, subject),
    description: present.Description ?? "",
    defaultVersionId: requireField(present.DefaultVersionId, "DefaultVersionId", subject),
    attachments: present.AttachmentCount ?? 0,
    boundaries: present.PermissionsBoundaryUsageCount ?? 0,
  };
}

/** Converts a managed policy of GetAccountAuthorizationDetails, which has the documents of all versions and no tags. */
export function reportedPolicyOf(policy: ManagedPolicyDetail, subject: AwsCallSubject): ReportedPolicy {
  const { tags: _, description, ...facts } = managedPolicyFactsOf(policy, subject);
  const versions = requireField(policy.PolicyVersionList, "PolicyVersionList", subject).map(
    ({ VersionId, Document }) => ({
      id: requireField(VersionId, "VersionId", subject),
      document: Document,
    }),
  );
  return {
    ...facts,
    // AWS does not say whether a report has the descriptions of all policies.
    ...(description !== "" && { description }),
    versionIds: sortedVersions(versions.map(({ id }) => id)),
    document: requireField(versions.find(({ id }) => id === facts.defaultVersionId)?.document, "Document", subject),
  };
}

/** The oldest first. */
export function sortedVersions(versionIds: readonly string[]): readonly string[] {
  return versionIds.toSorted((a, b) => versionNumber(a) - versionNumber(b));
}

function createdTimeOf({ CreateDate }: { readonly CreateDate?: Date | undefined }): { readonly createdTime?: string } {
  return CreateDate === undefined ? {} : { createdTime: CreateDate.toISOString() };
}

/** Converts a list of tags to a map. */
export function tagsOf(tags: readonly Tag[] | undefined, subject: AwsCallSubject): Tags {
  return Object.fromEntries((tags ?? []).map((tag) => [requireField(tag.Key, "tag key", subject), tag.Value ?? ""]));
}

/**
 * Converts tags to a list sorted by key, so that equal actions are equal requests.
 *
 * Errors: TerminalError for more than IAM's 50 tags per entity, which no request can contain.
 */
export function tagListOf(tags: Tags, subject: AwsCallSubject): Tag[] {
  const keys = Object.keys(tags).sort();
  if (keys.length > MAX_TAGS) {
    const message = `${subject.operation} on ${subject.entity}: ${keys.length} tags exceed IAM's limit of ${MAX_TAGS}. Remove tags from spec.tags.`;
    throw new TerminalError(message, { reason: "TooManyTags" });
  }
  return keys.map((key) => ({ Key: key, Value: tags[key] }));
}
