import {
  type AppliedRecord,
  appliedRecord,
  inlinePolicyId,
  isLeftoverPolicy,
  managedPolicyId,
  readAppliedRecord,
} from "../model/applied-record.ts";
import type { DesiredPresent, DesiredRole } from "../model/desired-state.ts";
import type { ObservedRole } from "../model/observed-state.ts";
import { describePolicyChange, readPolicy, samePolicy } from "../model/policy-document.ts";
import type { Action } from "./action.ts";
import { diffTags, tagsAtCreation } from "./diff-tags.ts";

/** The writes that make a role that is not there, whole. */
export function createRole(desired: DesiredPresent): readonly Action[] {
  const { role } = desired;
  return [
    {
      kind: "CreateRole",
      roleName: role.roleName,
      path: role.path,
      description: role.description,
      maxSessionDurationSeconds: role.maxSessionDurationSeconds,
      permissionsBoundaryArn: role.permissionsBoundaryArn,
      document: role.trustPolicy.text,
      tags: tagsAtCreation(desired.owner, desired.tags, recordOf(desired)),
    },
    ...updateInlinePolicy(role, {}),
    ...role.managedPolicyArns.map((policyArn) => attach(role.roleName, policyArn)),
  ];
}

/**
 * The writes that bring an existing role in line. What narrows or guards comes first (owner tags, boundary, trust), what
 * is no longer wanted goes last, so that a renamed policy is there under its new name before the old one goes.
 */
export function updateRole(desired: DesiredPresent, observed: ObservedRole, adopted: boolean): readonly Action[] {
  const { role } = desired;
  const { roleName } = role;
  const record = recordOf(desired);
  const tags = diffTags({ observed: observed.tags, owner: desired.owner, adopted, wanted: desired.tags, record });
  const removals = removePolicies(desired, observed, record);
  const untag: readonly Action[] = tags.untag.length > 0 ? [{ kind: "UntagRole", roleName, tagKeys: tags.untag }] : [];
  return [
    ...(tags.removesFirst ? [...removals, ...untag] : []),
    ...tagRole(roleName, tags.before),
    ...updateBoundary(role, observed),
    ...updateTrustPolicy(role, observed),
    ...updateSettings(role, observed),
    ...updateInlinePolicy(role, observed.inlinePolicyDocuments),
    ...role.managedPolicyArns
      .filter((policyArn) => !observed.managedPolicyArns.includes(policyArn))
      .map((policyArn) => attach(roleName, policyArn)),
    ...(tags.removesFirst ? [] : [...removals, ...untag]),
    ...tagRole(roleName, tags.after),
  ];
}

/** Policies that stay on the role though the spec does not name them; sorted. */
export function unmanagedPolicies(desired: DesiredPresent, observed: ObservedRole): readonly string[] {
  if (desired.removesUnmanaged) return [];
  const record = recordOf(desired);
  const recorded = readAppliedRecord(observed.tags);
  const { role } = desired;
  return [
    ...observed.inlinePolicyNames.filter(
      (name) => name !== role.inlinePolicy?.policyName && !isLeftoverPolicy(inlinePolicyId(name), recorded, record),
    ),
    ...observed.managedPolicyArns.filter(
      (arn) => !role.managedPolicyArns.includes(arn) && !isLeftoverPolicy(managedPolicyId(arn), recorded, record),
    ),
  ].sort();
}

/** What role and spec hold in common when all is well. */
function recordOf(desired: DesiredPresent): AppliedRecord {
  const { inlinePolicy, managedPolicyArns } = desired.role;
  return appliedRecord(
    [...(inlinePolicy ? [inlinePolicyId(inlinePolicy.policyName)] : []), ...managedPolicyArns.map(managedPolicyId)],
    Object.keys(desired.tags),
  );
}

function removePolicies(desired: DesiredPresent, observed: ObservedRole, record: AppliedRecord): readonly Action[] {
  const { role, removesUnmanaged } = desired;
  const { roleName } = role;
  const recorded = readAppliedRecord(observed.tags);
  const goes = (id: string): boolean => removesUnmanaged || isLeftoverPolicy(id, recorded, record);
  return [
    ...observed.managedPolicyArns
      .filter((policyArn) => !role.managedPolicyArns.includes(policyArn) && goes(managedPolicyId(policyArn)))
      .map((policyArn): Action => ({ kind: "DetachRolePolicy", roleName, policyArn })),
    ...observed.inlinePolicyNames
      .filter((policyName) => policyName !== role.inlinePolicy?.policyName && goes(inlinePolicyId(policyName)))
      .map((policyName): Action => ({ kind: "DeleteRolePolicy", roleName, policyName })),
  ];
}

function updateBoundary(role: DesiredRole, observed: ObservedRole): readonly Action[] {
  const { roleName, permissionsBoundaryArn } = role;
  if (permissionsBoundaryArn === observed.permissionsBoundaryArn) return [];
  if (permissionsBoundaryArn === undefined) return [{ kind: "DeleteRolePermissionsBoundary", roleName }];
  return [{ kind: "PutRolePermissionsBoundary", roleName, permissionsBoundaryArn }];
}

function updateTrustPolicy({ roleName, trustPolicy }: DesiredRole, observed: ObservedRole): readonly Action[] {
  const current = readPolicy(observed.trustPolicy, "trust");
  if (samePolicy(current, trustPolicy)) return [];
  const changes = describePolicyChange(current, trustPolicy);
  return [{ kind: "UpdateAssumeRolePolicy", roleName, document: trustPolicy.text, changes }];
}

function updateSettings(role: DesiredRole, observed: ObservedRole): readonly Action[] {
  const { roleName, description, maxSessionDurationSeconds } = role;
  const changes = [
    ...(description === observed.description
      ? []
      : [`~ description: ${quoted(observed.description)} -> ${quoted(description)}`]),
    ...(maxSessionDurationSeconds === observed.maxSessionDurationSeconds
      ? []
      : [`~ maxSessionDurationSeconds: ${observed.maxSessionDurationSeconds} -> ${maxSessionDurationSeconds}`]),
  ];
  if (changes.length === 0) return [];
  return [{ kind: "UpdateRole", roleName, description, maxSessionDurationSeconds, changes }];
}

function updateInlinePolicy(
  { roleName, inlinePolicy }: DesiredRole,
  observed: ObservedRole["inlinePolicyDocuments"],
): readonly Action[] {
  if (inlinePolicy === undefined) return [];
  const { policyName, document } = inlinePolicy;
  const put = (changes: readonly string[]): readonly Action[] => [
    { kind: "PutRolePolicy", roleName, policyName, document: document.text, changes },
  ];
  const text = observed[policyName];
  if (text === undefined) return put([]);
  const current = readPolicy(text, "permissions");
  return samePolicy(current, document) ? [] : put(describePolicyChange(current, document));
}

function attach(roleName: string, policyArn: string): Action {
  return { kind: "AttachRolePolicy", roleName, policyArn };
}

function tagRole(roleName: string, tags: Readonly<Record<string, string>>): readonly Action[] {
  return Object.keys(tags).length === 0 ? [] : [{ kind: "TagRole", roleName, tags }];
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
