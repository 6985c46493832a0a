import { allowsNoMore, allowsNothing } from "../../model/access/policy-relations.ts";
import {
  type AppliedRecord,
  appliedRecord,
  inlinePolicyId,
  managedPolicyId,
  ownPolicyTags,
  recordsInlinePolicy,
  recordsManagedPolicy,
} from "../../model/applied-record.ts";
import { type DesiredPresent, type DesiredRole, ownPolicyArnsOf } from "../../model/desired-state.ts";
import { tagsAfterHandOver } from "../../model/hand-over.ts";
import { sameName } from "../../model/naming.ts";
import type { ObservedRole } from "../../model/observed-state.ts";
import type { Tags } from "../../model/ownership.ts";
import {
  describePolicyChange,
  type PolicyDocument,
  readPolicy,
  samePolicy,
} from "../../model/policy/policy-document.ts";
import type { Action } from "../action.ts";
import type { PolicyChanges } from "./diff-managed-policies.ts";
import { diffTags, recordOn, recordOwnPolicies, tagsAtCreation } from "./diff-tags.ts";
import { type FrameChange, orderRoleChanges, type RoleChanges } from "./order-role-changes.ts";
import { trustAtCreation } from "./trust.ts";

/** The writes that create an absent role completely. */
export function createRole(desired: DesiredPresent, policies: PolicyChanges): readonly Action[] {
  const { role } = desired;
  const trustPolicy = trustAtCreation(role);
  const denying = desired.managedPolicies.filter(({ document }) => allowsNothing([document])).map(({ arn }) => arn);
  return [
    {
      kind: "CreateRole",
      roleName: role.roleName,
      path: role.path,
      description: role.description,
      maxSessionDurationSeconds: role.maxSessionDurationSeconds,
      permissionsBoundaryArn: role.permissionsBoundaryArn,
      document: trustPolicy.text,
      tags: {
        ...tagsAtCreation(desired.owner, role.tags, recordOf(desired)),
        ...ownPolicyTags(desired.managedPolicies.map(({ arn }) => arn)),
      },
    },
    ...policies.before,
    // What only denies holds before anything is allowed: if IAM refuses to attach it, the role has nothing that it should not have.
    ...denying.map((policyArn) => attach(desired, policyArn)),
    ...orderRoleChanges({
      ...NO_CHANGES,
      roleName: role.roleName,
      frame: changeTrustPolicy(role, trustPolicy),
      inline: role.inlinePolicies.map((policy) => ({ ...policy, current: undefined })),
      attach: role.managedPolicyArns.filter((arn) => !denying.includes(arn)).map((arn) => attach(desired, arn)),
    }),
    ...policies.after,
  ];
}

/** The writes that update an existing role: owner tags first, then the changes in the order of orderRoleChanges, then obsolete tags. */
export function updateRole(
  desired: DesiredPresent,
  observed: ObservedRole,
  adopted: boolean,
  policies: PolicyChanges,
): readonly Action[] {
  const { role } = desired;
  const { roleName } = role;
  const record = recordOf(desired, spellingsOf(desired.role, observed));
  const tags = diffTags({ observed: observed.tags, owner: desired.owner, adopted, wanted: role.tags, record });
  const named = recordOwnPolicies(desired, observed, [...ownPolicyArnsOf(desired), ...policies.kept]);
  const changes = withoutPlaced(changesOf(desired, observed), policies.placed);
  const untag = untagRole(roleName, tags.untag);
  const removals = orderRoleChanges({ ...NO_CHANGES, roleName, obsolete: changes.obsolete, detach: changes.detach });
  const ordered = orderRoleChanges(tags.removesFirst ? { ...changes, obsolete: [], detach: [] } : changes);
  const isAlone = ordered.length === 0 && removals.length === 0;
  const { narrow, widen, alone } = policies;
  return [
    ...untagRole(roleName, tags.replaced),
    ...(tags.removesFirst ? [...removals, ...untag] : []),
    ...tagRole(roleName, { ...tags.before, ...named.before }),
    ...policies.before,
    ...(isAlone && alone !== undefined ? alone : [...narrow, ...ordered, ...widen]),
    ...policies.after,
    ...(tags.removesFirst ? untagRole(roleName, named.untag) : untagRole(roleName, [...tags.untag, ...named.untag])),
    ...tagRole(roleName, { ...tags.after, ...named.after }),
  ];
}

/** The changes without the attachments that the writes to the managed policies of the object contain. */
function withoutPlaced(changes: RoleChanges, placed: ReadonlySet<string>): RoleChanges {
  const isElsewhere = (action: Action): boolean => !("policyArn" in action && placed.has(action.policyArn));
  return { ...changes, attach: changes.attach.filter(isElsewhere), detach: changes.detach.filter(isElsewhere) };
}

/** Policies that stay on the role although the spec does not name them; sorted. */
export function unmanagedPolicies(desired: DesiredPresent, observed: ObservedRole): readonly string[] {
  const isRemoved = removalRules(desired, observed.tags);
  return [
    ...observed.inlinePolicyNames.filter((name) => !isWanted(desired.role, observed, name) && !isRemoved.inline(name)),
    ...observed.managedPolicyArns.filter(
      (arn) => !desired.role.managedPolicyArns.includes(arn) && !isRemoved.managed(arn),
    ),
  ].sort();
}

/**
 * Tells which policies are removed when the spec does not name them: those that the controller put there, or all with
 * `unmanagedPolicies: Remove`. The observer uses it too, because the documents of removed inline policies affect the order of writes.
 */
export function removalRules(
  desired: DesiredPresent,
  tags: Tags,
): { readonly inline: (policyName: string) => boolean; readonly managed: (policyArn: string) => boolean } {
  const { role, removesUnmanaged } = desired;
  const recorded = recordOn(tagsAfterHandOver(desired, tags), desired.owner);
  return {
    inline: (name) => removesUnmanaged || (recordsInlinePolicy(recorded, [name]) && !namesPolicy(role, name)),
    managed: (arn) =>
      removesUnmanaged || (recordsManagedPolicy(recorded, arn) && !role.managedPolicyArns.includes(arn)),
  };
}

function namesPolicy({ inlinePolicies }: DesiredRole, name: string): boolean {
  return inlinePolicies.some(({ policyName }) => policyName === name);
}

/**
 * The record of what the role holds when the plan is applied.
 *
 * @param spellings other names under which the role has the inline policies
 */
function recordOf(desired: DesiredPresent, spellings: readonly string[] = []): AppliedRecord {
  const { inlinePolicies, managedPolicyArns } = desired.role;
  const policyNames = [...inlinePolicies.map(({ policyName }) => policyName), ...spellings];
  return appliedRecord(
    [...policyNames.map(inlinePolicyId), ...managedPolicyArns.map(managedPolicyId)],
    Object.keys(desired.role.tags),
  );
}

/**
 * The names of inline policies that differ from the spec only in case. IAM may keep the case of the first write, also when a policy is
 * written again, so the record has these names too.
 */
function spellingsOf(role: DesiredRole, observed: ObservedRole): readonly string[] {
  return observed.inlinePolicyNames.filter((name) => !namesPolicy(role, name) && isWanted(role, observed, name));
}

const NO_CHANGES: Omit<RoleChanges, "roleName"> = {
  frame: [],
  settings: [],
  inline: [],
  obsolete: [],
  attach: [],
  detach: [],
};

function changesOf(desired: DesiredPresent, observed: ObservedRole): RoleChanges {
  const { role } = desired;
  const { roleName } = role;
  const isRemoved = removalRules(desired, observed.tags);
  return {
    roleName,
    frame: [...updateBoundary(role, observed), ...updateTrustPolicy(role, observed)],
    settings: updateSettings(role, observed),
    inline: role.inlinePolicies.map(({ policyName, document }) => {
      return { policyName, document, current: permissions(observed.inlinePolicyDocuments[policyName]) };
    }),
    obsolete: observed.inlinePolicyNames
      .filter((name) => !isWanted(role, observed, name) && isRemoved.inline(name))
      .map((policyName) => ({ policyName, document: permissions(observed.inlinePolicyDocuments[policyName]) })),
    attach: role.managedPolicyArns
      .filter((policyArn) => !observed.managedPolicyArns.includes(policyArn))
      .map((policyArn) => attach(desired, policyArn)),
    detach: observed.managedPolicyArns
      .filter((policyArn) => !role.managedPolicyArns.includes(policyArn) && isRemoved.managed(policyArn))
      .map((policyArn) => ({ kind: "DetachRolePolicy", roleName, policyArn })),
  };
}

/** True for a policy that the spec names, under that name or under one that IAM treats as the same. */
function isWanted({ inlinePolicies }: DesiredRole, observed: ObservedRole, name: string): boolean {
  return inlinePolicies.some(({ policyName: wanted }) => {
    if (name === wanted) return true;
    const isPresent = observed.inlinePolicyDocuments[wanted] !== undefined;
    return isPresent && sameName(name, wanted) && !observed.inlinePolicyNames.includes(wanted);
  });
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

function updateTrustPolicy(role: DesiredRole, observed: ObservedRole): readonly FrameChange[] {
  return changeTrustPolicy(role, readPolicy(observed.trustPolicy, "trust"));
}

function changeTrustPolicy({ roleName, trustPolicy }: DesiredRole, current: PolicyDocument): readonly FrameChange[] {
  if (samePolicy(current, trustPolicy)) return [];
  const changes = describePolicyChange(current, trustPolicy);
  const action: Action = { kind: "UpdateAssumeRolePolicy", roleName, document: trustPolicy.text, changes };
  if (allowsNoMore([trustPolicy], [current])) return [{ action, effect: "narrows" }];
  return [{ action, effect: allowsNoMore([current], [trustPolicy]) ? "widens" : "replaces" }];
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

function attach({ role: { roleName }, managedPolicies }: DesiredPresent, policyArn: string): Action {
  const isOwn = managedPolicies.some(({ arn }) => arn === policyArn);
  return { kind: "AttachRolePolicy", roleName, policyArn, ...(isOwn && { isOwn }) };
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
