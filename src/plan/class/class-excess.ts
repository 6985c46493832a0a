import type { InstanceProfileSpec, Statement } from "../../api/instance-profile.ts";
import {
  readAppliedRecord,
  recordsInlinePolicy,
  recordsManagedPolicy,
  recordsTag,
} from "../../model/applied-record.ts";
import { recordedRegions } from "../../model/instances/recorded-regions.ts";
import { nameKey } from "../../model/naming.ts";
import type { Absent, ObservedInstanceProfile, ObservedRole } from "../../model/observed-state.ts";
import { type Owner, ownershipOf, TAG_PREFIX } from "../../model/ownership.ts";
import {
  buildPolicy,
  type PolicyDocument,
  policyJson,
  readPolicy,
  trustDocument,
} from "../../model/policy/policy-document.ts";
import { statementsFrom, trustFrom } from "../../model/policy/statements-of.ts";
import type { Action } from "../action.ts";
import { type Bounds, NOBODY_MAY_ASSUME } from "./class-bounds.ts";
import { allowsInstancesOf, guardManagedPolicies, guardSessionDuration, guardTrust } from "./class-guards-access.ts";
import { guardTags } from "./class-guards-names.ts";
import { guardStatements } from "./class-guards-statements.ts";

/** One write that takes access away, and what takes it away when AWS refuses that write. */
export interface Revocation {
  readonly action: Action;
  readonly otherwise: readonly Action[];
}

/** Whose access is judged. */
export interface RevocationTarget {
  readonly owner: Owner;
  readonly bounds: Bounds;
  /** What of the spec's trust the class allows. */
  readonly trust: InstanceProfileSpec["trust"];
  /** The class allows the object nothing at all. */
  readonly allowsNothing: boolean;
}

/**
 * The writes after which the role grants and trusts no more than its class allows, judged by what AWS has and not by the spec: for
 * an object whose spec cannot be applied, whatever the reason. Empty when the role is within its class, or is not the object's.
 *
 * Only what the controller has put on the role is judged. Policies that other clients have put there are not the object's access
 * to give, and are reported instead.
 */
export function revocationsOf(target: RevocationTarget, role: ObservedRole): readonly Revocation[] {
  if (ownershipOf(role.tags, target.owner).kind !== "ours") return [];
  const { roleName } = role;
  const own = ownPolicies(role);
  const excess = {
    inline: own.inline.filter((name) => !allowsInline(target, role.inlinePolicyDocuments[name])),
    managed: own.managed.filter((arn) => !allowsManaged(target, arn)),
  };
  const kept = {
    inline: own.inline.filter((name) => !excess.inline.includes(name)),
    managed: own.managed.filter((arn) => !excess.managed.includes(arn)),
  };
  return [
    ...removals(roleName, excess).map((action) => ({ action, otherwise: [] })),
    ...closeTrust(target, role),
    ...removeTags(target, role),
    ...shortenSessions(target, role),
    ...setBoundary(target, role, removals(roleName, kept)),
  ];
}

/**
 * The regions in which the controller may have associated the profile with instances, and in which the class allows no instances of the
 * object. They are read off the record on the profile, so that a spec that no longer names a region hides nothing.
 */
export function regionsBeyond(
  { owner, bounds, allowsNothing }: RevocationTarget,
  profile: ObservedInstanceProfile | Absent,
): readonly string[] {
  if (profile.presence === "absent" || ownershipOf(profile.tags, owner).kind !== "ours") return [];
  return recordedRegions(profile.tags).filter((region) => allowsNothing || !allowsInstancesOf(region, bounds));
}

/** Names of inline policies and ARNs of attached policies. */
interface Policies {
  readonly inline: readonly string[];
  readonly managed: readonly string[];
}

function ownPolicies({ tags, inlinePolicyNames, managedPolicyArns }: ObservedRole): Policies {
  const record = readAppliedRecord(tags);
  return {
    inline: inlinePolicyNames.filter((name) => recordsInlinePolicy(record, [name])),
    managed: managedPolicyArns.filter((arn) => recordsManagedPolicy(record, arn)),
  };
}

function removals(roleName: string, { inline, managed }: Policies): readonly Action[] {
  return [
    ...inline.map((policyName): Action => ({ kind: "DeleteRolePolicy", roleName, policyName })),
    ...managed.map((policyArn): Action => ({ kind: "DetachRolePolicy", roleName, policyArn })),
  ];
}

/** What cannot be read as statements cannot be shown to be within the class. */
function allowsInline({ bounds, allowsNothing }: RevocationTarget, text: string | undefined): boolean {
  if (allowsNothing || text === undefined) return false;
  const statements = statementsFrom(policyJson(readPolicy(text, "permissions")));
  if (statements === undefined) return false;
  return guardStatements({ statements: statements as unknown as readonly Statement[] }, bounds).length === 0;
}

function allowsManaged({ bounds, allowsNothing }: RevocationTarget, arn: string): boolean {
  return !allowsNothing && guardManagedPolicies({ managedPolicyArns: [arn] }, bounds).length === 0;
}

function closeTrust(
  { bounds, trust }: RevocationTarget,
  { roleName, trustPolicy }: ObservedRole,
): readonly Revocation[] {
  const current = trustFrom(policyJson(readPolicy(trustPolicy, "trust")));
  if (current !== undefined && guardTrust({ trust: current }, bounds).length === 0) return [];
  const closed = writeTrust(roleName, buildPolicy(trustDocument(NOBODY_MAY_ASSUME), "trust"));
  const allowed = writeTrust(roleName, buildPolicy(trustDocument(trust), "trust"));
  return [{ action: allowed, otherwise: [closed] }];
}

/** Tags that other clients set are not the object's. */
function removeTags(
  { bounds, allowsNothing }: RevocationTarget,
  { roleName, tags }: ObservedRole,
): readonly Revocation[] {
  const record = readAppliedRecord(tags);
  const isOwn = (key: string): boolean => !nameKey(key).startsWith(TAG_PREFIX) && recordsTag(record, key);
  const own = Object.fromEntries(Object.entries(tags).filter(([key]) => isOwn(key)));
  const excess = guardTags({ tags: own }, bounds).map((violation) => violation.excess);
  const isExcess = (key: string): boolean =>
    allowsNothing
      ? bounds.class.spec.tags[key] !== own[key]
      : excess.some((one) => one.kind === "tag" && one.key === key);
  const tagKeys = Object.keys(own).filter(isExcess).sort();
  return tagKeys.length === 0 ? [] : [{ action: { kind: "UntagRole", roleName, tagKeys }, otherwise: [] }];
}

function shortenSessions({ bounds }: RevocationTarget, role: ObservedRole): readonly Revocation[] {
  if (guardSessionDuration(role, bounds).length === 0) return [];
  const { roleName, description, maxSessionDurationSeconds: current } = role;
  const { maxSessionDurationSeconds } = bounds.class.spec;
  const changes = [`~ maxSessionDurationSeconds: ${current} -> ${maxSessionDurationSeconds}`];
  return [{ action: { kind: "UpdateRole", roleName, description, maxSessionDurationSeconds, changes }, otherwise: [] }];
}

function writeTrust(roleName: string, { text }: PolicyDocument): Action {
  return { kind: "UpdateAssumeRolePolicy", roleName, document: text, changes: [] };
}

/** Where the boundary of the class cannot be set, nothing bounds what is left. */
function setBoundary({ bounds }: RevocationTarget, role: ObservedRole, left: readonly Action[]): readonly Revocation[] {
  const { permissionsBoundaryArn } = bounds.class.spec;
  if (permissionsBoundaryArn === undefined || permissionsBoundaryArn === role.permissionsBoundaryArn) return [];
  const { roleName } = role;
  return [{ action: { kind: "PutRolePermissionsBoundary", roleName, permissionsBoundaryArn }, otherwise: left }];
}
