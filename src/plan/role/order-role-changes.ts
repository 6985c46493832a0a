import {
  allowsNoMore,
  commonGround,
  deniesAsMuch,
  deniesNothing,
  isNoWider,
  withDenialsOf,
} from "../../model/access/policy-relations.ts";
import { describePolicyChange, type PolicyDocument, samePolicy } from "../../model/policy/policy-document.ts";
import { MAX_INLINE_POLICIES_CHARS } from "../../model/policy/policy-size.ts";
import type { Action } from "../action.ts";
import { orderWithSeveral } from "./order-several-policies.ts";

/** A write to the permissions boundary or the trust policy of a role, which bound all its permissions. */
export interface FrameChange {
  readonly action: Action;
  /** `replaces`: it removes something and adds something else. */
  readonly effect: "narrows" | "widens" | "replaces";
}

/** An inline policy on the role; its document is undefined when it was not read. */
export interface ObservedInlinePolicy {
  readonly policyName: string;
  readonly document: PolicyDocument | undefined;
}

/** A desired inline policy, and the observed policy with its name. */
export interface WantedInlinePolicy {
  readonly policyName: string;
  readonly document: PolicyDocument;
  readonly current: PolicyDocument | undefined;
}

/** The changes to the permissions and the trust of a role. */
export interface RoleChanges {
  readonly roleName: string;
  readonly frame: readonly FrameChange[];
  /** Changes that neither grant nor remove permissions. */
  readonly settings: readonly Action[];
  /** The desired inline policies. */
  readonly inline: readonly WantedInlinePolicy[];
  /** Inline policies to delete. */
  readonly obsolete: readonly ObservedInlinePolicy[];
  readonly attach: readonly Action[];
  readonly detach: readonly Action[];
}

/**
 * Orders the writes so that no prefix grants what neither the old nor the new state grants: writes that narrow come first, writes that
 * widen last. When one edit both removes and adds, around a boundary or a trust policy that is replaced, the inline policy is first
 * narrowed to what old and new have in common.
 *
 * Managed policies count as Allow only, because their content is not known. No such order exists when boundary and trust policy are both
 * replaced; then the boundary comes first.
 */
export function orderRoleChanges(unordered: RoleChanges): readonly Action[] {
  const [denying, others] = [unordered.obsolete.filter(isDenying), unordered.obsolete.filter((one) => !isDenying(one))];
  const changes = { ...unordered, obsolete: [...others, ...denying] };
  const frame = (effect: FrameChange["effect"]): readonly Action[] =>
    changes.frame.filter((change) => change.effect === effect).map(({ action }) => action);
  return [...frame("narrows"), ...changes.settings, ...inlineChanges(changes, frame("replaces")), ...frame("widens")];
}

/** Most edits change one inline policy. The writes of several have no order of their own that is always right. */
function inlineChanges(changes: RoleChanges, pivots: readonly Action[]): readonly Action[] {
  const { roleName, obsolete, attach, detach } = changes;
  const changed = changes.inline.filter(({ current, document }) => !current || !samePolicy(current, document));
  const inline = changed[0] ?? changes.inline[0];
  const keptChars = charsOf(changes.inline.filter((policy) => policy !== inline && !changed.includes(policy)));
  if (changed.length < 2) return policyChanges({ ...changes, inline, keptChars }, pivots);
  const gone = obsolete.filter(({ document }) => document !== undefined);
  const policies = [
    ...changed.map(({ policyName, current, document }) => ({ policyName, from: current, to: document })),
    ...gone.map(({ policyName, document }) => ({ policyName, from: document, to: undefined })),
  ];
  const unread = obsolete.filter((policy) => !gone.includes(policy)).map(deletion(roleName));
  return [...orderWithSeveral({ roleName, policies, keptChars }, { attach, detach, pivots }), ...unread];
}

/** The changes of a role with one inline policy that changes, or none. */
interface ChangesOfOne extends Omit<RoleChanges, "inline"> {
  readonly inline: WantedInlinePolicy | undefined;
  /** The characters of the other inline policies, which stay as they are. */
  readonly keptChars: number;
}

/** True for a policy that is known to have a Deny. It is deleted last: until then, it denies what other obsolete policies allow. */
function isDenying({ document }: ObservedInlinePolicy): boolean {
  return document !== undefined && !deniesNothing([document]);
}

/**
 * True when whole writes can lift a Deny while another policy that is to go still allows what it denies: of two obsolete policies with a
 * Deny, one is deleted first, and the desired policy may replace one that denies more.
 */
function losesDenials({ inline, obsolete }: ChangesOfOne): boolean {
  if (obsolete.filter(isDenying).length > 1) return true;
  if (obsolete.length === 0 || inline?.current === undefined) return false;
  return !deniesAsMuch([inline.document, ...documentsOf(obsolete)], [inline.current]);
}

/** The observed documents of the inline policies that change, as far as they were read. */
function observedDocuments({ inline, obsolete }: Pick<ChangesOfOne, "inline" | "obsolete">): readonly PolicyDocument[] {
  return [...(inline?.current ? [inline.current] : []), ...documentsOf(obsolete)];
}

function policyChanges(changes: ChangesOfOne, pivots: readonly Action[]): readonly Action[] {
  if (pivots.length === 0) return changesWithoutPivot(changes);
  const { inline, obsolete, attach, detach } = changes;
  const current = observedDocuments(changes);
  const wanted = documentsOf(inline ? [inline] : []);
  const put = some(inline && putPolicy(changes.roleName, inline, inline.current, inline.document));
  const drop = obsolete.map(deletion(changes.roleName));
  // A renamed policy is written before the old one is deleted, unless both together exceed the quota of IAM.
  const renamed = isRoomForBoth(changes) ? [...put, ...drop] : [...drop, ...put];
  const steps = { narrowed: [], held: undefined, pivots };
  if (losesDenials(changes)) return [...detach, ...throughCommonGround(changes, steps), ...attach];
  if (isNoWider(wanted, current)) return [...detach, ...renamed, ...pivots, ...attach];
  if (isNoWider(current, wanted)) return [...detach, ...pivots, ...renamed, ...attach];
  return [...detach, ...throughCommonGround(changes, steps), ...attach];
}

/** Without a pivot: attaches while only the common ground is allowed, and detaches before a Deny of the old policies goes. */
function heldSteps({ inline, obsolete, attach, detach }: ChangesOfOne): CommonGroundSteps {
  const wanted = documentsOf(inline ? [inline] : []);
  const current = observedDocuments({ inline, obsolete });
  const whileDetaching = deniesAsMuch(wanted, current) ? inline?.document : withDenialsOf(current, wanted);
  return { narrowed: attach, held: detach.length === 0 ? undefined : whileDetaching, pivots: detach };
}

/**
 * Attaches before it detaches, and replaces the inline policy in between, so that what old and new state both allow is allowed all the time.
 * A Deny that is new holds before something is attached, and one that goes holds until everything is detached.
 */
function changesWithoutPivot(changes: ChangesOfOne): readonly Action[] {
  const { roleName, inline, obsolete, attach, detach } = changes;
  const put = (from: PolicyDocument | undefined, to: PolicyDocument | undefined): readonly Action[] =>
    to === undefined || inline === undefined ? [] : some(putPolicy(roleName, inline, from, to));
  const drop = obsolete.map(deletion(roleName));
  const steps = inlineSteps(changes);
  if (losesDenials(changes)) return changesPastDenials(changes);
  if (steps === undefined) return [...detach, ...drop, ...put(inline?.current, inline?.document), ...attach];
  const { first, last } = steps;
  return [
    ...put(inline?.current, first),
    ...attach,
    ...put(first, last),
    ...detach,
    ...drop,
    ...put(last, inline?.document),
  ];
}

/** Attaches first where the old policies deny all that the desired one does: nothing that both states allow is missing then. */
function changesPastDenials(changes: ChangesOfOne): readonly Action[] {
  const steps = heldSteps(changes);
  const wanted = documentsOf(changes.inline ? [changes.inline] : []);
  return deniesAsMuch(observedDocuments(changes), wanted)
    ? [...changes.attach, ...throughCommonGround(changes, { ...steps, narrowed: [] })]
    : throughCommonGround(changes, steps);
}

/** The inline policy while managed policies are attached, and while they are detached; undefined when IAM has no room for it. */
function inlineSteps(
  changes: ChangesOfOne,
): { readonly first: PolicyDocument | undefined; readonly last: PolicyDocument | undefined } | undefined {
  const { inline, attach, detach } = changes;
  const [current, wanted] = [
    documentsOf([{ document: inline?.current }]),
    documentsOf([{ document: inline?.document }]),
  ];
  const isDenialKept = detach.length === 0 || deniesAsMuch(wanted, current);
  const last = isDenialKept ? wanted[0] : withDenialsOf(current, wanted);
  const first = attach.length === 0 ? current[0] : whileAttaching(changes, current, wanted, last);
  const isWhole = (last !== undefined || wanted.length === 0) && (first !== undefined || current.length === 0);
  return isWhole && isRoomFor(changes, documentsOf([{ document: first }, { document: last }]))
    ? { first, last }
    : undefined;
}

/**
 * A policy that allows as much as the old one comes first: IAM refuses it before anything is attached. Else the old one stays until
 * everything is attached, with the denials of the new one.
 */
function whileAttaching(
  changes: ChangesOfOne,
  current: readonly PolicyDocument[],
  wanted: readonly PolicyDocument[],
  last: PolicyDocument | undefined,
): PolicyDocument | undefined {
  if (allowsNoMore(current, wanted)) return last;
  return deniesAsMuch(observedDocuments(changes), wanted) ? current[0] : withDenialsOf(wanted, current);
}

/** What is written between the steps of {@link throughCommonGround}. */
interface CommonGroundSteps {
  /** While only the common ground is allowed, beside the policies to delete. */
  readonly narrowed: readonly Action[];
  /** The inline policy while the pivots are written, if it is not the common ground. */
  readonly held: PolicyDocument | undefined;
  readonly pivots: readonly Action[];
}

/**
 * Narrows the inline policies to what old and new have in common, writes the pivots, and widens to the desired policy. If no inline policy
 * is desired, an obsolete one holds the denials until they are no longer needed.
 */
function throughCommonGround(
  { roleName, inline, obsolete, keptChars }: ChangesOfOne,
  { narrowed, held, pivots }: CommonGroundSteps,
): readonly Action[] {
  const drop = (policies: readonly ObservedInlinePolicy[]): readonly Action[] => policies.map(deletion(roleName));
  const common = commonGround(observedDocuments({ inline, obsolete }), inline ? [inline.document] : []);
  if (common === undefined || keptChars + common.sizeChars > MAX_INLINE_POLICIES_CHARS) {
    const emptied = inline?.current === undefined ? [] : [deletion(roleName)(inline)];
    const written = some(inline && putPolicy(roleName, inline, undefined, inline.document));
    return [...emptied, ...drop(obsolete), ...pivots, ...written, ...narrowed];
  }
  if (inline !== undefined) {
    const between = held !== undefined && keptChars + held.sizeChars <= MAX_INLINE_POLICIES_CHARS ? held : common;
    return [
      ...some(putPolicy(roleName, inline, inline.current, common)),
      ...narrowed,
      ...drop(obsolete),
      ...some(putPolicy(roleName, inline, common, between)),
      ...pivots,
      ...some(putPolicy(roleName, inline, between, inline.document)),
    ];
  }
  const [holder, ...others] = obsolete;
  if (holder === undefined) return [...narrowed, ...pivots];
  return [
    ...some(putPolicy(roleName, holder, holder.document, common)),
    ...narrowed,
    ...drop(others),
    ...pivots,
    ...drop([holder]),
  ];
}

/** The write of an inline policy; undefined when the observed policy is equivalent. */
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
function isRoomForBoth(changes: ChangesOfOne): boolean {
  return isRoomFor(changes, documentsOf(changes.inline ? [changes.inline] : []));
}

/** True when each of the documents fits beside the policies to delete. */
function isRoomFor({ obsolete, keptChars }: ChangesOfOne, documents: readonly PolicyDocument[]): boolean {
  const sizeChars = keptChars + charsOf(obsolete);
  return documents.every((document) => sizeChars + document.sizeChars <= MAX_INLINE_POLICIES_CHARS);
}

function charsOf(policies: readonly Pick<ObservedInlinePolicy, "document">[]): number {
  return documentsOf(policies).reduce((sum, { sizeChars }) => sum + sizeChars, 0);
}

function documentsOf(policies: readonly Pick<ObservedInlinePolicy, "document">[]): readonly PolicyDocument[] {
  return policies.flatMap(({ document }) => (document === undefined ? [] : [document]));
}

function some<T>(value: T | undefined): readonly T[] {
  return value === undefined ? [] : [value];
}
