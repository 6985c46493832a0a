import { describePolicyChange, type PolicyDocument, samePolicy } from "../../model/policy/policy-document.ts";
import { commonGround, deniesAsMuch, deniesNothing, isNoWider, scopeOf } from "../../model/policy/policy-scope.ts";
import { MAX_INLINE_POLICIES_CHARS } from "../../model/policy/policy-size.ts";
import type { Action } from "../action.ts";

/** A write to what bounds all of a role's permissions: its boundary, or who may assume it. */
export interface FrameChange {
  readonly action: Action;
  /** `replaces`: it takes something away and gives something else. */
  readonly effect: "narrows" | "widens" | "replaces";
}

/** An inline policy that is on the role; its document is undefined when it was not read. */
export interface InlinePolicyThere {
  readonly policyName: string;
  readonly document: PolicyDocument | undefined;
}

/** All that is to change about what a role may do and who may be it. */
export interface RoleChanges {
  readonly roleName: string;
  readonly frame: readonly FrameChange[];
  /** What neither grants nor takes away. */
  readonly settings: readonly Action[];
  /** The inline policy asked for, if any, and what is there under its name. */
  readonly inline:
    | {
        readonly policyName: string;
        readonly document: PolicyDocument;
        readonly current: PolicyDocument | undefined;
      }
    | undefined;
  /** Inline policies that go. */
  readonly leaving: readonly InlinePolicyThere[];
  readonly attach: readonly Action[];
  readonly detach: readonly Action[];
}

/**
 * The writes in an order in which no prefix grants what neither the old nor the new state grants: what narrows comes first,
 * what widens last. Where an edit takes away and gives at once, around a boundary or a trust policy that is replaced, the
 * inline policy passes through what old and new have in common.
 *
 * Managed policies are taken to allow only: what is in them is not known. Boundary and trust policy both replaced in one edit
 * cannot be put in such an order; then the boundary comes first.
 */
export function orderRoleChanges(changes: RoleChanges): readonly Action[] {
  const frame = (effect: FrameChange["effect"]): readonly Action[] =>
    changes.frame.filter((change) => change.effect === effect).map(({ action }) => action);
  return [...frame("narrows"), ...changes.settings, ...policyChanges(changes, frame("replaces")), ...frame("widens")];
}

/** The inline policies that the changes are about, as far as they were read. */
function documentsThere({ inline, leaving }: RoleChanges): readonly PolicyDocument[] {
  return [...(inline?.current ? [inline.current] : []), ...documentsOf(leaving)];
}

function policyChanges(changes: RoleChanges, pivots: readonly Action[]): readonly Action[] {
  const { inline, leaving, attach, detach } = changes;
  const there = documentsThere(changes);
  const before = scopeOf(there);
  const put = some(inline && putPolicy(changes.roleName, inline, inline.current, inline.document));
  const drop = leaving.map(deletion(changes.roleName));
  // A policy that got another name is there under it before the old one goes, unless both together are too much for IAM.
  const renamed = isRoomForBoth(changes) ? [...put, ...drop] : [...drop, ...put];
  const isFree = pivots.length === 0;
  const dropFirst = [...detach, ...drop, ...put, ...attach];
  const keepingDenials = isRoomForBoth(changes) ? [...put, ...attach, ...detach, ...drop] : dropFirst;
  // Most roles deny nothing: then there is nothing to compare.
  if (isFree && deniesNothing(before)) return keepingDenials;
  const after = scopeOf(documentsOf(inline ? [inline] : []));
  if (isFree && deniesAsMuch(after, before)) return keepingDenials;
  if (isFree && deniesNothing(scopeOf(documentsOf(leaving)))) return dropFirst;
  if (isNoWider(after, before)) return [...detach, ...renamed, ...pivots, ...attach];
  if (isNoWider(before, after)) return [...detach, ...pivots, ...renamed, ...attach];
  return [...detach, ...throughCommonGround(changes, there, pivots), ...attach];
}

/**
 * Narrows the inline policies to what old and new share, turns the pivots, and widens to what is asked for. Where no inline
 * policy is asked for, one that goes holds the denials until nothing needs them.
 */
function throughCommonGround(
  { roleName, inline, leaving }: RoleChanges,
  there: readonly PolicyDocument[],
  pivots: readonly Action[],
): readonly Action[] {
  const drop = (policies: readonly InlinePolicyThere[]): readonly Action[] => policies.map(deletion(roleName));
  const common = commonGround(there, inline ? [inline.document] : []);
  if (common === undefined || common.sizeChars > MAX_INLINE_POLICIES_CHARS) {
    const emptied = inline?.current === undefined ? [] : [deletion(roleName)(inline)];
    return [
      ...emptied,
      ...drop(leaving),
      ...pivots,
      ...some(inline && putPolicy(roleName, inline, undefined, inline.document)),
    ];
  }
  if (inline !== undefined) {
    const [narrow, widen] = [
      putPolicy(roleName, inline, inline.current, common),
      putPolicy(roleName, inline, common, inline.document),
    ];
    return [...some(narrow), ...drop(leaving), ...pivots, ...some(widen)];
  }
  const [holder, ...others] = leaving;
  if (holder === undefined) return pivots;
  return [...some(putPolicy(roleName, holder, holder.document, common)), ...drop(others), ...pivots, ...drop([holder])];
}

/** Undefined when what is there means the same. */
function putPolicy(
  roleName: string,
  { policyName }: { readonly policyName: string },
  from: PolicyDocument | undefined,
  to: PolicyDocument,
): Action | undefined {
  if (from !== undefined && samePolicy(from, to)) return undefined;
  const changes = from === undefined ? [] : describePolicyChange(from, to);
  return { kind: "PutRolePolicy", roleName, policyName, document: to.text, changes };
}

function deletion(roleName: string): (policy: { readonly policyName: string }) => Action {
  return ({ policyName }) => ({
    kind: "DeleteRolePolicy",
    roleName,
    policyName,
  });
}

/** All inline policies of a role share one quota. */
function isRoomForBoth({ inline, leaving }: RoleChanges): boolean {
  const sizeChars = documentsOf(leaving).reduce((sum, document) => sum + document.sizeChars, 0);
  return sizeChars + (inline?.document.sizeChars ?? 0) <= MAX_INLINE_POLICIES_CHARS;
}

function documentsOf(policies: readonly InlinePolicyThere[]): readonly PolicyDocument[] {
  return policies.flatMap(({ document }) => (document === undefined ? [] : [document]));
}

function some<T>(value: T | undefined): readonly T[] {
  return value === undefined ? [] : [value];
}
