import type { InstanceProfile, Role, RoleDetail, Tag } from "@aws-sdk/client-iam";
import type { ListedInstanceProfile, ListedRole, ReportedRole } from "../../engine/ports.ts";
import { TerminalError } from "../../errors.ts";
import type { ObservedInstanceProfile, RoleFacts } from "../../model/observed-state.ts";
import type { Tags } from "../../model/ownership.ts";
import type { AwsCallSubject } from "../errors/aws-errors.ts";
import { expected } from "../errors/require-field.ts";

const DEFAULT_MAX_SESSION_DURATION_SECONDS = 3600;
const MOST_TAGS = 50;

/** A role as GetRole sends it; unset fields become what IAM means by leaving them out. */
export function roleFactsOf(role: Role | undefined, subject: AwsCallSubject): RoleFacts {
  const present = expected(role, "Role", subject);
  return {
    presence: "present",
    roleName: expected(present.RoleName, "RoleName", subject),
    arn: expected(present.Arn, "Arn", subject),
    roleId: expected(present.RoleId, "RoleId", subject),
    path: expected(present.Path, "Path", subject),
    description: present.Description ?? "",
    maxSessionDurationSeconds: present.MaxSessionDuration ?? DEFAULT_MAX_SESSION_DURATION_SECONDS,
    permissionsBoundaryArn: present.PermissionsBoundary?.PermissionsBoundaryArn,
    tags: tagsOf(present.Tags, subject),
    trustPolicy: expected(present.AssumeRolePolicyDocument, "AssumeRolePolicyDocument", subject),
  };
}

/** What ListRoles sends of a role; it has neither tags nor boundary. */
export function listedRoleOf(role: Role, subject: AwsCallSubject): ListedRole {
  return {
    roleName: expected(role.RoleName, "RoleName", subject),
    description: role.Description ?? "",
    maxSessionDurationSeconds: role.MaxSessionDuration ?? DEFAULT_MAX_SESSION_DURATION_SECONDS,
  };
}

/** A role with its policies as GetAccountAuthorizationDetails sends it. */
export function reportedRoleOf(role: RoleDetail, subject: AwsCallSubject): ReportedRole {
  const inline = expected(role.RolePolicyList, "RolePolicyList", subject).map(
    ({ PolicyName, PolicyDocument }) =>
      [expected(PolicyName, "PolicyName", subject), expected(PolicyDocument, "PolicyDocument", subject)] as const,
  );
  const attached = expected(role.AttachedManagedPolicies, "AttachedManagedPolicies", subject);
  return {
    presence: "present",
    roleName: expected(role.RoleName, "RoleName", subject),
    arn: expected(role.Arn, "Arn", subject),
    roleId: expected(role.RoleId, "RoleId", subject),
    path: expected(role.Path, "Path", subject),
    permissionsBoundaryArn: role.PermissionsBoundary?.PermissionsBoundaryArn,
    tags: tagsOf(role.Tags, subject),
    trustPolicy: expected(role.AssumeRolePolicyDocument, "AssumeRolePolicyDocument", subject),
    inlinePolicyNames: inline.map(([name]) => name).sort(),
    inlinePolicyDocuments: Object.fromEntries(inline),
    managedPolicyArns: attached.map(({ PolicyArn }) => expected(PolicyArn, "PolicyArn", subject)).sort(),
  };
}

/** An instance profile as lists send it: without its tags. */
export function listedInstanceProfileOf(
  instanceProfile: InstanceProfile,
  subject: AwsCallSubject,
): ListedInstanceProfile {
  const { tags: _, ...listed } = instanceProfileOf(instanceProfile, subject);
  return listed;
}

/** An instance profile as GetInstanceProfile sends it. */
export function instanceProfileOf(
  instanceProfile: InstanceProfile | undefined,
  subject: AwsCallSubject,
): ObservedInstanceProfile {
  const present = expected(instanceProfile, "InstanceProfile", subject);
  return {
    presence: "present",
    instanceProfileName: expected(present.InstanceProfileName, "InstanceProfileName", subject),
    arn: expected(present.Arn, "Arn", subject),
    id: expected(present.InstanceProfileId, "InstanceProfileId", subject),
    path: expected(present.Path, "Path", subject),
    tags: tagsOf(present.Tags, subject),
    roleName: present.Roles?.[0]?.RoleName,
  };
}

/** Tags as IAM lists them. */
export function tagsOf(tags: readonly Tag[] | undefined, subject: AwsCallSubject): Tags {
  return Object.fromEntries((tags ?? []).map((tag) => [expected(tag.Key, "tag key", subject), tag.Value ?? ""]));
}

/**
 * Tags as IAM takes them, sorted by key so that equal actions are equal requests.
 *
 * Errors: TerminalError for more than IAM's 50 per entity, which no request can carry.
 */
export function tagListOf(tags: Tags, subject: AwsCallSubject): Tag[] {
  const keys = Object.keys(tags).sort();
  if (keys.length > MOST_TAGS) {
    const message = `${subject.operation} on ${subject.entity}: ${keys.length} tags, and IAM allows ${MOST_TAGS}; remove some of spec.tags`;
    throw new TerminalError(message, { reason: "TooManyTags" });
  }
  return keys.map((key) => ({ Key: key, Value: tags[key] }));
}
