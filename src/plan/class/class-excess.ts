import type { InstanceProfileSpec, PolicySpec, Statement } from "../../api/instance-profile.ts";
import {
  readAppliedRecord,
  recordsInlinePolicy,
  recordsManagedPolicy,
  recordsTag,
} from "../../model/applied-record.ts";
import type { DesiredPresent } from "../../model/desired-state.ts";
import { recordedRegions } from "../../model/instances/association-tags.ts";
import { nameKey } from "../../model/naming.ts";
import type {
  Absent,
  ObservedInstanceProfile,
  ObservedManagedPolicy,
  ObservedRole,
} from "../../model/observed-state.ts";
import { type Owner, ownershipOf, TAG_PREFIX } from "../../model/ownership.ts";
import { buildPolicy, type PolicyDocument, policyJson, readPolicy } from "../../model/policy/policy-document.ts";
import { isJsonObject } from "../../model/policy/policy-json.ts";
import { trustDocument } from "../../model/policy/policy-spec.ts";
import { statementsFrom, trustFrom } from "../../model/policy/statements-of.ts";
import type { Action } from "../action.ts";
import { type Bounds, NO_TRUST } from "./class-bounds.ts";
import { allowsInstancesOf, guardManagedPolicies, guardSessionDuration, guardTrust } from "./class-guards-access.ts";
import { guardMaximumAccess } from "./class-guards-maximum.ts";
import { allowsOwnPolicy, guardTags } from "./class-guards-names.ts";
import { guardStatements } from "./class-guards-statements.ts";

/** One write that removes access, and the writes that remove it when AWS refuses that one. */
export interface Revocation {
  readonly action: Action;
  readonly otherwise: readonly Action[];
}

/** The object whose access is checked, and its class. */
export interface RevocationTarget {
  readonly owner: Owner;
  readonly bounds: Bounds;
  /** The part of the spec's trust that the class allows. */
  readonly trust: InstanceProfileSpec["trust"];
  /** The class allows the object nothing. */
  readonly allowsNothing: boolean;
  /** See {@link DesiredPresent}. */
  readonly roleManagement: DesiredPresent["roleManagement"];
}

/**
 * The writes after which the role grants and trusts no more than its class allows. It checks the observed state and not the spec, so it
 * works for an object whose spec cannot be applied. Empty when the role is within its class, or is not owned.
 *
 * Only what the controller has put on the role is checked. Unmanaged policies are reported instead.
 */
export function revocationsOf(
  target: RevocationTarget,
  role: ObservedRole,
  managedPolicies: readonly ObservedManagedPolicy[] = [],
): readonly Revocation[] {
  if (target.roleManagement !== "managed" || ownershipOf(role.tags, target.owner).kind !== "owned") return [];
  const { roleName } = role;
  const own = ownPolicies(role);
  const ofObject = managedPolicies.filter(({ tags }) => ownershipOf(tags, target.owner).kind === "owned");
  const allowed = allowedPolicies(target, own, documentsOf(role, ofObject));
  const excess = {
    inline: deniesLast(
      own.inline.filter((name) => !allowed.inline.includes(name)),
      role,
    ),
    managed: own.managed.filter((arn) => !allowed.managed.includes(arn)),
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

/** The write that takes an external role, which the class does not allow, out of the instance profile; empty when there is none in it. */
export function membershipsBeyond(
  { owner, roleManagement }: RevocationTarget,
  profile: ObservedInstanceProfile | Absent,
): readonly Revocation[] {
  if (roleManagement !== "revoked" || profile.presence === "absent") return [];
  if (ownershipOf(profile.tags, owner).kind !== "owned" || profile.roleName === undefined) return [];
  const { instanceProfileName, roleName } = profile;
  return [{ action: { kind: "RemoveRoleFromInstanceProfile", instanceProfileName, roleName }, otherwise: [] }];
}

/**
 * The regions in which the controller may have associated the profile with instances and in which the class allows none. They come from
 * the record on the instance profile, so a spec that no longer names a region hides nothing.
 */
export function regionsBeyond(
  { owner, bounds, allowsNothing }: RevocationTarget,
  profile: ObservedInstanceProfile | Absent,
): readonly string[] {
  if (profile.presence === "absent" || ownershipOf(profile.tags, owner).kind !== "owned") return [];
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

/** The documents of the inline policies, by name, and of the managed policies of the object itself, by ARN. */
interface Documents {
  readonly inline: Readonly<Record<string, string | undefined>>;
  readonly managed: ReadonlyMap<string, string | undefined>;
}

function documentsOf(role: ObservedRole, ofObject: readonly ObservedManagedPolicy[]): Documents {
  return {
    inline: role.inlinePolicyDocuments,
    managed: new Map(ofObject.map(({ arn, document }) => [arn, document])),
  };
}

/**
 * The policies that the class allows. A managed policy of the object itself is bounded by what it says, like the inline ones and together with
 * them, any other one by its ARN. Those beyond the class are left out until none is: a Deny of a policy that is removed no longer counts
 * for the others. A document that cannot be read as statements counts as not allowed.
 */
function allowedPolicies({ bounds, allowsNothing }: RevocationTarget, own: Policies, documents: Documents): Policies {
  if (allowsNothing) return { inline: [], managed: [] };
  const isListed = (arn: string): boolean => guardManagedPolicies({ managedPolicyArns: [arn] }, bounds).length === 0;
  const ofObject = own.managed.filter((arn) => documents.managed.has(arn));
  let judged = [
    ...own.inline.flatMap((name) => readable(name, documents.inline[name])),
    ...ofObject
      .filter((arn) => allowsOwnPolicy(arn, bounds))
      .flatMap((arn) => readable(arn, documents.managed.get(arn))),
  ];
  for (;;) {
    const violations = [...guardStatements(judged, bounds), ...guardMaximumAccess(judged, bounds)];
    const beyond = new Set(violations.map(({ excess }) => (excess.kind === "statement" ? excess.policy : "")));
    if (beyond.size === 0) break;
    judged = judged.filter(({ fieldPath }) => !beyond.has(fieldPath));
  }
  const isWithin = (key: string): boolean => judged.some(({ fieldPath }) => fieldPath === key);
  return {
    inline: own.inline.filter(isWithin),
    managed: own.managed.filter((arn) => (documents.managed.has(arn) ? isWithin(arn) : isListed(arn))),
  };
}

/** In an order of removals in which no Deny goes before what it denies. A text that has the word without denying only goes later. */
function deniesLast(names: readonly string[], { inlinePolicyDocuments }: ObservedRole): readonly string[] {
  const mayDeny = (name: string): number => Number(inlinePolicyDocuments[name]?.includes("Deny") ?? false);
  return names.toSorted((one, other) => mayDeny(one) - mayDeny(other));
}

/** A policy in AWS, with its name or ARN for a field; empty when it cannot be read. */
function readable(key: string, text: string | undefined): readonly PolicySpec[] {
  const document = text === undefined ? undefined : policyJson(readPolicy(text, "permissions"));
  const statements = statementsFrom(document);
  if (!isJsonObject(document) || statements === undefined) return [];
  return [{ name: key, fieldPath: key, statements: statements as unknown as readonly Statement[], document }];
}

function closeTrust(
  { bounds, trust }: RevocationTarget,
  { roleName, trustPolicy }: ObservedRole,
): readonly Revocation[] {
  const current = trustFrom(policyJson(readPolicy(trustPolicy, "trust")));
  if (current !== undefined && guardTrust({ trust: current }, bounds).length === 0) return [];
  const closed = writeTrust(roleName, buildPolicy(trustDocument(NO_TRUST), "trust"));
  const allowed = writeTrust(roleName, buildPolicy(trustDocument(trust), "trust"));
  return [{ action: allowed, otherwise: [closed] }];
}

/** Removes only tags that the controller has set. */
function removeTags(
  { bounds, allowsNothing }: RevocationTarget,
  { roleName, tags }: ObservedRole,
): readonly Revocation[] {
  const record = readAppliedRecord(tags);
  const isOwn = (key: string): boolean => !nameKey(key).startsWith(TAG_PREFIX) && recordsTag(record, key);
  const own = Object.fromEntries(Object.entries(tags).filter(([key]) => isOwn(key)));
  const excess = guardTags({ tags: own, roleTags: {}, instanceProfileTags: {} }, bounds).map(
    (violation) => violation.excess,
  );
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

/** Where the boundary of the class cannot be set, nothing bounds the remaining policies, so they are removed. */
function setBoundary({ bounds }: RevocationTarget, role: ObservedRole, left: readonly Action[]): readonly Revocation[] {
  const { permissionsBoundaryArn } = bounds.class.spec;
  if (permissionsBoundaryArn === undefined || permissionsBoundaryArn === role.permissionsBoundaryArn) return [];
  const { roleName } = role;
  return [{ action: { kind: "PutRolePermissionsBoundary", roleName, permissionsBoundaryArn }, otherwise: left }];
}
