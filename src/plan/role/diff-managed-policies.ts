import { commonGround, deniesNothing, isNoWider } from "../../model/access/policy-relations.ts";
import { appliedRecord } from "../../model/applied-record.ts";
import type { DesiredManagedPolicy, DesiredPresent } from "../../model/desired-state.ts";
import { placeInArn, sameName } from "../../model/naming.ts";
import type { ObservedManagedPolicy, ObservedState } from "../../model/observed-state.ts";
import { ownershipOf, type Tags } from "../../model/ownership.ts";
import { type PolicyDocument, readPolicy, samePolicy } from "../../model/policy/policy-document.ts";
import { MAX_MANAGED_POLICY_CHARS } from "../../model/policy/policy-size.ts";
import type { Action } from "../action.ts";
import { verifyOwnership } from "../ownership-guard.ts";
import { type Blocker, DESCRIPTION_UNCHANGED, type Note } from "../plan.ts";
import { diffTags, tagsAtCreation } from "./diff-tags.ts";
import { guardAdoptedPolicy, policyInUse } from "./guard-role.ts";
import { PolicyVersions } from "./policy-versions.ts";

/**
 * The writes to the managed policies of an object, by their place among the writes to its role. No prefix of them grants what neither the
 * old nor the new state grants: what narrows comes before the changes of the role, what widens after them.
 */
export interface PolicyChanges {
  /** Owner tags, creations, and versions of policies that are not attached. */
  readonly before: readonly Action[];
  readonly narrow: readonly Action[];
  readonly widen: readonly Action[];
  /** The one write that takes the place of `narrow` and `widen` when nothing else changes what the role may do. */
  readonly alone?: readonly Action[] | undefined;
  /** Deletions and leftover tags. */
  readonly after: readonly Action[];
  /** The policies whose attachment to the role is part of these writes. */
  readonly placed: ReadonlySet<string>;
  /** Policies that the object no longer names and that cannot be deleted yet. */
  readonly kept: readonly string[];
  readonly blockers: readonly Blocker[];
  readonly notes: readonly Note[];
}

/** Of an object without managed policies of its own. */
export const NO_POLICY_CHANGES: PolicyChanges = {
  before: [],
  narrow: [],
  widen: [],
  after: [],
  placed: new Set(),
  kept: [],
  blockers: [],
  notes: [],
};

type Part = Partial<Omit<PolicyChanges, "placed" | "kept">> & { readonly placed?: string; readonly kept?: string };

/** The role of an object, and what is attached to it. */
interface Context {
  readonly desired: DesiredPresent;
  readonly attached: ReadonlySet<string>;
  readonly isNewRole: boolean;
}

/** The writes after which the object has exactly the managed policies that it names. */
export function diffManagedPolicies(
  desired: DesiredPresent,
  { role, managedPolicies = [] }: ObservedState,
): PolicyChanges {
  const isNewRole = role.presence === "absent";
  const context = { desired, isNewRole, attached: new Set(isNewRole ? [] : role.managedPolicyArns) };
  const wanted = desired.managedPolicies.map((policy) => {
    const observed = managedPolicies.find(({ arn }) => arn === policy.arn);
    return observed === undefined ? create(policy, managedPolicies, context) : update(policy, observed, context);
  });
  const obsolete = managedPolicies
    .filter(({ arn }) => !desired.managedPolicies.some((policy) => policy.arn === arn))
    .map((policy) => remove(policy, context));
  return joined([...wanted, ...obsolete]);
}

function joined(parts: readonly Part[]): PolicyChanges {
  const changing = parts.filter(({ narrow, widen }) => narrow !== undefined || widen !== undefined);
  const [only] = changing.length === 1 ? changing : [];
  const all = <K extends "before" | "narrow" | "widen" | "after">(key: K) => parts.flatMap((part) => part[key] ?? []);
  return {
    before: all("before"),
    narrow: all("narrow"),
    widen: all("widen"),
    alone: only?.alone,
    after: all("after"),
    placed: new Set(parts.flatMap(({ placed }) => placed ?? [])),
    kept: parts.flatMap(({ kept }) => kept ?? []),
    blockers: parts.flatMap(({ blockers }) => blockers ?? []),
    notes: parts.flatMap(({ notes }) => notes ?? []),
  };
}

/** All tags of a managed policy at its creation. */
export function policyTagsAtCreation({ owner, managedPolicyTags: tags }: DesiredPresent): Tags {
  return tagsAtCreation(owner, tags, appliedRecord([], Object.keys(tags)));
}

/**
 * On a role that may be in use, the Deny statements of a new policy hold before anything is widened, and its Allow statements come after
 * everything is narrowed.
 */
function create(
  policy: DesiredManagedPolicy,
  others: readonly ObservedManagedPolicy[],
  { desired, isNewRole }: Context,
): Part {
  const moved = others.find(({ arn, tags }) => {
    return (
      ownershipOf(tags, desired.owner).kind === "owned" && sameName(placeInArn(arn).name, placeInArn(policy.arn).name)
    );
  });
  if (moved !== undefined) return { blockers: [pathConflict(moved.arn, policy.arn)] };
  const creation = ({ text }: PolicyDocument): Action => ({
    kind: "CreatePolicy",
    ownPolicyArn: policy.arn,
    description: policy.description,
    document: text,
    tags: policyTagsAtCreation(desired),
  });
  if (isNewRole || deniesNothing([policy.document])) return { before: [creation(policy.document)] };
  const denials = commonGround([policy.document], []) ?? policy.document;
  const attach = attachment(desired.role.roleName, policy.arn);
  if (samePolicy(denials, policy.document)) {
    return { before: [creation(policy.document)], narrow: [attach], placed: policy.arn };
  }
  const widen = new PolicyVersions(policy.arn, ["v1"], "v1").write(denials, policy.document);
  return { before: [creation(denials)], narrow: [attach], widen, placed: policy.arn };
}

function pathConflict(existing: string, wanted: string): Blocker {
  const { path, name } = placeInArn(existing);
  const message =
    `managed policy ${name} exists with path ${path}, and the spec has path ${placeInArn(wanted).path}; IAM cannot change a path, and ` +
    "names are unique whatever the path. Use the existing path, or another name.";
  return { reason: "PathConflict", message };
}

function update(policy: DesiredManagedPolicy, observed: ObservedManagedPolicy, context: Context): Part {
  const { desired } = context;
  const verdict = verifyOwnership(desired, observed);
  if (verdict.kind === "refused") return { blockers: [verdict.blocker] };
  const blockers = guardAdoptedPolicy(desired, observed);
  if (blockers.length > 0) return { blockers };
  const { owner, managedPolicyTags: wanted } = desired;
  const record = appliedRecord([], Object.keys(wanted));
  const tags = diffTags({ observed: observed.tags, owner, adopted: verdict.adopted, wanted, record });
  const untag = untagPolicy(policy.arn, tags.untag);
  const { before = [], ...content } = rewrite(policy, observed, context);
  return {
    ...content,
    notes: descriptionNotes(policy, observed),
    before: [
      ...untagPolicy(policy.arn, tags.replaced),
      ...(tags.removesFirst ? untag : []),
      ...tagPolicy(policy.arn, tags.before),
      ...before,
    ],
    after: [...(tags.removesFirst ? [] : untag), ...tagPolicy(policy.arn, tags.after)],
  };
}

/** IAM takes a description at the creation of a policy alone. A spec without one asks for none. */
function descriptionNotes(
  { arn, description }: DesiredManagedPolicy,
  observed: ObservedManagedPolicy,
): readonly Note[] {
  if (description === "" || observed.description === undefined || observed.description === description) return [];
  const message =
    `managed policy ${arn} keeps its description, which is not that of the spec: IAM cannot change it. Write the existing description, ` +
    "none, or another name";
  return [{ reason: DESCRIPTION_UNCHANGED, message }];
}

/** The new versions: one that narrows, one that widens, or both, by way of what the old and the new document have in common. */
function rewrite(
  { arn, document }: DesiredManagedPolicy,
  observed: ObservedManagedPolicy,
  { desired, attached }: Context,
): Part {
  const current = readPolicy(observed.document ?? "", "permissions");
  if (samePolicy(current, document)) return {};
  const versions = versionsOf(observed);
  const write = (from: PolicyDocument, to: PolicyDocument): readonly Action[] => versions.write(from, to);
  if (!attached.has(arn)) return { before: write(current, document) };
  if (isNoWider([document], [current])) return { narrow: write(current, document) };
  if (isNoWider([current], [document])) return { widen: write(current, document) };
  const alone = versionsOf(observed).write(current, document);
  const common = commonGround([current], [document]);
  if (common !== undefined && common.sizeChars <= MAX_MANAGED_POLICY_CHARS) {
    return { narrow: write(current, common), widen: write(common, document), alone };
  }
  const { roleName } = desired.role;
  return {
    alone,
    narrow: [{ kind: "DetachRolePolicy", roleName, policyArn: arn }, ...write(current, document)],
    widen: [attachment(roleName, arn)],
    placed: arn,
  };
}

/** Deletes a policy that the object no longer names. */
function remove(policy: ObservedManagedPolicy, context: Context): Part {
  const { desired } = context;
  const { arn, usedBy, tags } = policy;
  const ownership = ownershipOf(tags, desired.owner);
  if (ownership.kind !== "owned") return {};
  const versions = versionsOf(policy);
  const detached = detachDenying(policy, versions, context);
  // What was adopted is not deleted because a spec stops naming it.
  if (ownership.adopted) return detached;
  if (usedBy.length > 0) return { ...detached, kept: arn, notes: [policyInUse(policy)] };
  return { ...detached, after: versions.deletePolicy() };
}

function versionsOf({ arn, versionIds, defaultVersionId }: ObservedManagedPolicy): PolicyVersions {
  return new PolicyVersions(arn, versionIds, defaultVersionId);
}

/** A policy with a Deny loses what it allows first, and is detached after everything that it denies is gone. */
function detachDenying(
  { arn, document: text }: ObservedManagedPolicy,
  versions: PolicyVersions,
  { desired, attached }: Context,
): Part {
  if (!attached.has(arn) || text === undefined) return {};
  const current = readPolicy(text, "permissions");
  const denials = deniesNothing([current]) ? undefined : commonGround([current], []);
  if (denials === undefined) return {};
  return {
    narrow: versions.write(current, denials),
    widen: [{ kind: "DetachRolePolicy", roleName: desired.role.roleName, policyArn: arn }],
    placed: arn,
  };
}

/** The writes that delete a managed policy which nothing uses. */
export function deletion(policy: ObservedManagedPolicy): readonly Action[] {
  return versionsOf(policy).deletePolicy();
}

function attachment(roleName: string, policyArn: string): Action {
  return { kind: "AttachRolePolicy", roleName, policyArn, isOwn: true };
}

function tagPolicy(ownPolicyArn: string, tags: Tags): readonly Action[] {
  return Object.keys(tags).length === 0 ? [] : [{ kind: "TagPolicy", ownPolicyArn, tags }];
}

function untagPolicy(ownPolicyArn: string, tagKeys: readonly string[]): readonly Action[] {
  return tagKeys.length === 0 ? [] : [{ kind: "UntagPolicy", ownPolicyArn, tagKeys }];
}
