import {
  type AppliedRecord,
  appliedRecord,
  inlinePolicyId,
  managedPolicyId,
  recordsInlinePolicy,
  recordsManagedPolicy,
} from "../../model/applied-record.ts";
import type { DesiredPresent, DesiredRole } from "../../model/desired-state.ts";
import { sameName } from "../../model/naming.ts";
import type { ObservedRole } from "../../model/observed-state.ts";
import type { Tags } from "../../model/ownership.ts";
import {
  describePolicyChange,
  type PolicyDocument,
  readPolicy,
  samePolicy,
} from "../../model/policy/policy-document.ts";
import { isNoWider, scopeOf } from "../../model/policy/policy-scope.ts";
import type { Action } from "../action.ts";
import { diffTags, recordOn, tagsAtCreation } from "./diff-tags.ts";
import { type FrameChange, orderRoleChanges, type RoleChanges } from "./order-role-changes.ts";

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
    ...orderRoleChanges({
      ...NO_CHANGES,
      roleName: role.roleName,
      inline: role.inlinePolicy && { ...role.inlinePolicy, current: undefined },
      attach: role.managedPolicyArns.map((policyArn) => attach(role.roleName, policyArn)),
    }),
  ];
}

/**
 * The writes that bring an existing role in line: owner tags first, then what orderRoleChanges makes of the rest, then the
 * tags that have gone.
 */
export function updateRole(desired: DesiredPresent, observed: ObservedRole, adopted: boolean): readonly Action[] {
  const { role } = desired;
  const { roleName } = role;
  const record = recordOf(desired, spellingsOf(desired.role, observed));
  const tags = diffTags({ observed: observed.tags, owner: desired.owner, adopted, wanted: desired.tags, record });
  const changes = changesOf(desired, observed);
  const untag = untagRole(roleName, tags.untag);
  const removals = orderRoleChanges({ ...NO_CHANGES, roleName, leaving: changes.leaving, detach: changes.detach });
  return [
    ...untagRole(roleName, tags.replaced),
    ...(tags.removesFirst ? [...removals, ...untag] : []),
    ...tagRole(roleName, tags.before),
    ...orderRoleChanges(tags.removesFirst ? { ...changes, leaving: [], detach: [] } : changes),
    ...(tags.removesFirst ? [] : untag),
    ...tagRole(roleName, tags.after),
  ];
}

/** Policies that stay on the role though the spec does not name them; sorted. */
export function unmanagedPolicies(desired: DesiredPresent, observed: ObservedRole): readonly string[] {
  const goes = leaves(desired, observed.tags);
  return [
    ...observed.inlinePolicyNames.filter((name) => !isWanted(desired.role, observed, name) && !goes.inline(name)),
    ...observed.managedPolicyArns.filter((arn) => !desired.role.managedPolicyArns.includes(arn) && !goes.managed(arn)),
  ].sort();
}

/**
 * Which policies go when the spec does not name them: those that we have put there, or all if the user says so. For the reader
 * too: the documents of inline policies that go matter to the order of writes.
 */
export function leaves(
  desired: DesiredPresent,
  tags: Tags,
): { readonly inline: (policyName: string) => boolean; readonly managed: (policyArn: string) => boolean } {
  const { role, removesUnmanaged } = desired;
  const recorded = recordOn(tags, desired.owner);
  return {
    inline: (name) =>
      removesUnmanaged || (recordsInlinePolicy(recorded, [name]) && name !== role.inlinePolicy?.policyName),
    managed: (arn) =>
      removesUnmanaged || (recordsManagedPolicy(recorded, arn) && !role.managedPolicyArns.includes(arn)),
  };
}

/**
 * What role and spec hold in common when all is well.
 *
 * @param spellings other names that the role has the inline policy under
 */
function recordOf(desired: DesiredPresent, spellings: readonly string[] = []): AppliedRecord {
  const { inlinePolicy, managedPolicyArns } = desired.role;
  const policyNames = inlinePolicy === undefined ? [] : [inlinePolicy.policyName, ...spellings];
  return appliedRecord(
    [...policyNames.map(inlinePolicyId), ...managedPolicyArns.map(managedPolicyId)],
    Object.keys(desired.tags),
  );
}

/**
 * IAM may keep a policy under the letters that it was first put with, whatever the spec calls it since, and also when it is put again: it
 * stays the controller's by those.
 */
function spellingsOf(role: DesiredRole, observed: ObservedRole): readonly string[] {
  return observed.inlinePolicyNames.filter(
    (name) => name !== role.inlinePolicy?.policyName && isWanted(role, observed, name),
  );
}

const NO_CHANGES: Omit<RoleChanges, "roleName"> = {
  frame: [],
  settings: [],
  inline: undefined,
  leaving: [],
  attach: [],
  detach: [],
};

function changesOf(desired: DesiredPresent, observed: ObservedRole): RoleChanges {
  const { role } = desired;
  const { roleName } = role;
  const goes = leaves(desired, observed.tags);
  return {
    roleName,
    frame: [...updateBoundary(role, observed), ...updateTrustPolicy(role, observed)],
    settings: updateSettings(role, observed),
    inline: role.inlinePolicy && {
      ...role.inlinePolicy,
      current: permissions(observed.inlinePolicyDocuments[role.inlinePolicy.policyName]),
    },
    leaving: observed.inlinePolicyNames
      .filter((name) => !isWanted(role, observed, name) && goes.inline(name))
      .map((policyName) => ({ policyName, document: permissions(observed.inlinePolicyDocuments[policyName]) })),
    attach: role.managedPolicyArns
      .filter((policyArn) => !observed.managedPolicyArns.includes(policyArn))
      .map((policyArn) => attach(roleName, policyArn)),
    detach: observed.managedPolicyArns
      .filter((policyArn) => !role.managedPolicyArns.includes(policyArn) && goes.managed(policyArn))
      .map((policyArn) => ({ kind: "DetachRolePolicy", roleName, policyArn })),
  };
}

/** The policy that the spec names, under that name or under one that IAM takes for it. */
function isWanted({ inlinePolicy }: DesiredRole, observed: ObservedRole, policyName: string): boolean {
  if (inlinePolicy === undefined) return false;
  const { policyName: wanted } = inlinePolicy;
  if (policyName === wanted) return true;
  const isThere = observed.inlinePolicyDocuments[wanted] !== undefined;
  return isThere && sameName(policyName, wanted) && !observed.inlinePolicyNames.includes(wanted);
}

function updateBoundary(role: DesiredRole, observed: ObservedRole): readonly FrameChange[] {
  const { roleName, permissionsBoundaryArn } = role;
  if (permissionsBoundaryArn === observed.permissionsBoundaryArn) return [];
  if (permissionsBoundaryArn === undefined) {
    return [{ action: { kind: "DeleteRolePermissionsBoundary", roleName }, effect: "widens" }];
  }
  const effect = observed.permissionsBoundaryArn === undefined ? "narrows" : "replaces";
  return [{ action: { kind: "PutRolePermissionsBoundary", roleName, permissionsBoundaryArn }, effect }];
}

function updateTrustPolicy({ roleName, trustPolicy }: DesiredRole, observed: ObservedRole): readonly FrameChange[] {
  const current = readPolicy(observed.trustPolicy, "trust");
  if (samePolicy(current, trustPolicy)) return [];
  const changes = describePolicyChange(current, trustPolicy);
  const action: Action = { kind: "UpdateAssumeRolePolicy", roleName, document: trustPolicy.text, changes };
  const [before, after] = [scopeOf([current]), scopeOf([trustPolicy])];
  if (isNoWider(after, before)) return [{ action, effect: "narrows" }];
  return [{ action, effect: isNoWider(before, after) ? "widens" : "replaces" }];
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

function permissions(text: string | undefined): PolicyDocument | undefined {
  return text === undefined ? undefined : readPolicy(text, "permissions");
}

function attach(roleName: string, policyArn: string): Action {
  return { kind: "AttachRolePolicy", roleName, policyArn };
}

function tagRole(roleName: string, tags: Readonly<Record<string, string>>): readonly Action[] {
  return Object.keys(tags).length === 0 ? [] : [{ kind: "TagRole", roleName, tags }];
}

function untagRole(roleName: string, tagKeys: readonly string[]): readonly Action[] {
  return tagKeys.length === 0 ? [] : [{ kind: "UntagRole", roleName, tagKeys }];
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
