import { allowsNoMore, deniesAsMuch, isNoWider, withDenialsOf } from "../../model/access/policy-relations.ts";
import type { PolicyDocument } from "../../model/policy/policy-document.ts";
import type { Action } from "../action.ts";
import {
  behindGuard,
  carrierOf,
  fits,
  type InlineChange,
  type InlineChanges,
  inlineWrites,
  news,
  olds,
  orderInlineChanges,
  sharedGround,
} from "./order-inline-policies.ts";

/** The other writes that change what the role may do. */
export interface BesideInline {
  readonly attach: readonly Action[];
  readonly detach: readonly Action[];
  /** Writes that replace the boundary or the trust policy. */
  readonly pivots: readonly Action[];
}

/** Orders the writes of several inline policies that change together with others. It has the aims of `orderRoleChanges`. */
export function orderWithSeveral(changes: InlineChanges, beside: BesideInline): readonly Action[] {
  return beside.pivots.length > 0 ? aroundPivots(changes, beside) : aroundAttachments(changes, beside);
}

function aroundPivots(changes: InlineChanges, { attach, detach, pivots }: BesideInline): readonly Action[] {
  const { roleName, policies } = changes;
  const [from, to] = [olds(policies), news(policies)];
  if (isNoWider(to, from)) return [...detach, ...orderInlineChanges(changes), ...pivots, ...attach];
  if (isNoWider(from, to)) return [...detach, ...pivots, ...orderInlineChanges(changes), ...attach];
  const [before, after] = throughCommonGround(changes) ?? behindGuard(changes);
  return [...detach, ...inlineWrites(roleName, before), ...pivots, ...inlineWrites(roleName, after), ...attach];
}

/** The writes before and after the pivots. In between, the policies allow only what old and new have in common. */
function throughCommonGround({
  policies,
  keptChars,
}: InlineChanges): readonly [readonly InlineChange[], readonly InlineChange[]] | undefined {
  const common = sharedGround(policies);
  const carrier = carrierOf(policies);
  if (common === undefined || carrier === undefined) return undefined;
  const others = policies.filter((policy) => policy !== carrier).map(halvesOf);
  const before = [{ ...carrier, to: common }, ...others.flatMap(([first]) => first)];
  const after = [...others.flatMap(([, last]) => last), { ...carrier, from: common }];
  return fits(policies, [...before, ...after], keptChars) ? [before, after] : undefined;
}

/** What of a change is made before the pivots, and what after them. */
function halvesOf(change: InlineChange): readonly [readonly InlineChange[], readonly InlineChange[]] {
  const { from, to } = change;
  if (from === undefined || (to !== undefined && isNoWider([from], [to]))) return [[], [change]];
  if (to === undefined || isNoWider([to], [from])) return [[change], []];
  return [[{ ...change, to: undefined }], [{ ...change, from: undefined }]];
}

/**
 * Attaches before it detaches, and writes the inline policies in between. A Deny that is new holds before something is attached, and one that
 * goes holds until everything is detached. Policies that allow as much as the old ones come first: IAM refuses them before anything is attached.
 */
function aroundAttachments(changes: InlineChanges, { attach, detach }: BesideInline): readonly Action[] {
  const { roleName, policies, keptChars } = changes;
  const [from, to] = [olds(policies), news(policies)];
  const carrier = carrierOf(policies);
  const startsInline = attach.length === 0 || allowsNoMore(from, to);
  const first = startsInline || deniesAsMuch(from, to) ? carrier?.from : withDenialsOf(to, some(carrier?.from));
  const last = detach.length === 0 || deniesAsMuch(to, from) ? carrier?.to : withDenialsOf(from, some(carrier?.to));
  const isWhole = (first !== undefined || !carrier?.from) && (last !== undefined || !carrier?.to);
  const held = policies.map((policy) => (policy === carrier ? { ...policy, from: first, to: last } : policy));
  if (carrier === undefined || !isWhole || !fits(policies, [{ ...carrier, to: first }], keptChars)) {
    return [...detach, ...orderInlineChanges(changes), ...attach];
  }
  const between = orderInlineChanges({ ...changes, policies: held });
  return [
    ...inlineWrites(roleName, [{ ...carrier, to: first }]),
    ...(startsInline ? [...between, ...attach] : [...attach, ...between]),
    ...detach,
    ...inlineWrites(roleName, [{ ...carrier, from: last }]),
  ];
}

function some(document: PolicyDocument | undefined): readonly PolicyDocument[] {
  return document === undefined ? [] : [document];
}
