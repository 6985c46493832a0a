import {
  allowsNoMore,
  allowsNothing,
  allowsShared,
  commonGround,
  deniesAsMuch,
  deniesNothing,
  denyingAsMuchAs,
  hasReadableDenials,
} from "../../model/access/policy-relations.ts";
import { describePolicyChange, type PolicyDocument, samePolicy } from "../../model/policy/policy-document.ts";
import { MAX_INLINE_POLICIES_CHARS } from "../../model/policy/policy-size.ts";
import type { Action } from "../action.ts";

/** The change of one inline policy; undefined: it does not exist. */
export interface InlineChange {
  readonly policyName: string;
  readonly from: PolicyDocument | undefined;
  readonly to: PolicyDocument | undefined;
}

/** Inline policies that change together, and the characters of those that stay beside them. */
export interface InlineChanges {
  readonly roleName: string;
  readonly policies: readonly InlineChange[];
  readonly keptChars: number;
}

/** With more policies that change at once, the order is not searched for. */
const MAX_SEARCHED = 12;

/**
 * Orders the writes of several inline policies, so that after each of them the role is allowed nothing that neither the old nor the new
 * policies allow, and everything that both allow.
 *
 * Usually an order of single writes is proved to do that. Else one of the policies is first narrowed to what old and new have in common, and
 * widened after the others: one write more. Where IAM has no room for that, what both allow may be missing for a moment, but no Deny.
 */
export function orderInlineChanges(changes: InlineChanges): readonly Action[] {
  const order =
    searchOrder(changes, [isNoWiderThanBoth, losesNothing]) ??
    throughCarrier(changes) ??
    searchOrder(changes, [isNoWiderThanBoth]) ??
    behindGuard(changes).flat();
  return inlineWrites(changes.roleName, order);
}

/** The policy that is written first and last where single writes are not enough: one that stays, if there is one. */
export function carrierOf(policies: readonly InlineChange[]): InlineChange | undefined {
  return policies.find(({ to }) => to !== undefined) ?? policies[0];
}

/** The writes of inline policies in this order; those that change nothing are left out. */
export function inlineWrites(roleName: string, order: readonly InlineChange[]): readonly Action[] {
  const changes = order.filter(({ from, to }) => (from && to ? !samePolicy(from, to) : from !== to));
  return changes.map((change) => writeOf(roleName, change));
}

function writeOf(roleName: string, { policyName, from, to }: InlineChange): Action {
  if (to === undefined) return { kind: "DeleteRolePolicy", roleName, policyName };
  const changes = from === undefined ? [] : describePolicyChange(from, to);
  return { kind: "PutRolePolicy", roleName, policyName, document: to.text, changes };
}

/** The old and the new documents of all policies that change, and those between: after some of the writes. */
interface Between {
  readonly from: readonly PolicyDocument[];
  readonly to: readonly PolicyDocument[];
  readonly written: readonly PolicyDocument[];
  readonly pending: readonly PolicyDocument[];
}

type Test = (between: Between) => boolean;

/** The first order in which every write passes the tests and fits; undefined when none is found. */
function searchOrder(
  { policies, keptChars }: InlineChanges,
  tests: readonly Test[],
): readonly InlineChange[] | undefined {
  if (policies.length > MAX_SEARCHED) return undefined;
  const [from, to] = [olds(policies), news(policies)];
  let pending = policies.toSorted((a, b) => rankOf(a) - rankOf(b));
  const order: InlineChange[] = [];
  while (pending.length > 0) {
    const next = pending.find((candidate) => {
      const written = news([...order, candidate]);
      const left = olds(pending.filter((other) => other !== candidate));
      if (keptChars + charsOf([...written, ...left]) > MAX_INLINE_POLICIES_CHARS) return false;
      return tests.every((passes) => passes({ from, to, written, pending: left }));
    });
    if (next === undefined) return undefined;
    order.push(next);
    pending = pending.filter((other) => other !== next);
  }
  return order;
}

/** What denies more comes first, then what allows more, and last what denies less. */
function rankOf({ from, to }: InlineChange): number {
  const [old, wanted] = [documents(from), documents(to)];
  if (!deniesAsMuch(wanted, old)) return 4;
  if (!deniesAsMuch(old, wanted)) return 0;
  if (allowsNoMore(old, wanted)) return 1;
  return allowsNoMore(wanted, old) ? 3 : 2;
}

/** What is allowed between is denied by whichever side allows it not. The policies that stay count to both sides. */
function isNoWiderThanBoth({ from, to, written, pending }: Between): boolean {
  if (deniesNothing([...from, ...to])) return true;
  const now = [...written, ...pending];
  const [asOld, asNew] = [deniesAsMuch(now, from), deniesAsMuch(now, to)];
  return (asOld || allowsNothing(pending)) && (asNew || allowsNothing(written)) && (asOld || asNew);
}

/** Nothing that an old policy has lost already is to come with a new one that is not written yet. */
function losesNothing({ from, to, written, pending }: Between): boolean {
  const now = [...written, ...pending];
  const lost = from.filter((document) => !pending.includes(document));
  const missing = to.filter((document) => !written.includes(document));
  return allowsShared(lost, missing, now);
}

/**
 * Narrows one policy to what old and new have in common, writes the others, and then the one. Undefined when there is nothing in common, or
 * no room for it.
 */
function throughCarrier({ policies, keptChars }: InlineChanges): readonly InlineChange[] | undefined {
  const common = sharedGround(policies);
  const carrier = carrierOf(policies);
  if (common === undefined || carrier === undefined) return undefined;
  const others = policies.filter((policy) => policy !== carrier).toSorted((a, b) => growth(a) - growth(b));
  const order = [{ ...carrier, to: common }, ...others, { ...carrier, from: common }];
  return fits(policies, order, keptChars) ? order : undefined;
}

/** A document that allows what old and new policies both allow, and denies what any of them denies; undefined when there is none. */
export function sharedGround(policies: readonly InlineChange[]): PolicyDocument | undefined {
  const [from, to] = [olds(policies), news(policies)];
  return [...from, ...to].every(hasReadableDenials) ? commonGround(from, to) : undefined;
}

function growth({ from, to }: InlineChange): number {
  return charsOf(documents(to)) - charsOf(documents(from));
}

/** True when IAM has room for the policies after each of the writes. */
export function fits(policies: readonly InlineChange[], order: readonly InlineChange[], keptChars: number): boolean {
  const sizes = new Map(policies.map(({ policyName, from }) => [policyName, charsOf(documents(from))]));
  return order.every(({ policyName, to }) => {
    sizes.set(policyName, charsOf(documents(to)));
    const sum = [...sizes.values()].reduce((total, chars) => total + chars, keptChars);
    return sum <= MAX_INLINE_POLICIES_CHARS;
  });
}

/**
 * Deletes what is there, and then writes what is wanted, so that no Deny is missing for policies outside: what only allows is deleted first.
 * Then one policy denies what any of the old and new ones denies, and everything where that has no room. It gets its own document once the
 * other new ones that deny are written. Returns what is written while old policies go, and what is written while new ones come.
 */
export function behindGuard(changes: InlineChanges): readonly [readonly InlineChange[], readonly InlineChange[]] {
  const { policies, keptChars } = changes;
  const carrier = policies.find(({ from, to }) => from && to) ?? policies.find(({ from }) => from);
  if (carrier === undefined || deniesNothing(olds(policies))) return [deletions(policies), creations(policies)];
  const others = policies.filter((policy) => policy !== carrier);
  const allowing = ({ from, to }: InlineChange, side: "from" | "to"): boolean =>
    deniesNothing(documents(side === "from" ? from : to));
  const through = (guard: PolicyDocument): readonly [readonly InlineChange[], readonly InlineChange[]] => [
    [
      ...deletions(others.filter((one) => allowing(one, "from"))),
      { ...carrier, to: guard },
      ...deletions(others.filter((one) => !allowing(one, "from"))),
    ],
    [
      ...creations(others.filter((one) => !allowing(one, "to"))),
      { ...carrier, from: guard },
      ...creations(others.filter((one) => allowing(one, "to"))),
    ],
  ];
  const guarded = denyingAsMuchAs([...olds(policies), ...news(policies)]).map(through);
  // The policies that deny fill all the room that IAM has.
  const unguarded = [deletions(policies), creations(policies)] as const;
  return guarded.find((halves) => fits(policies, halves.flat(), keptChars)) ?? unguarded;
}

/** Deletes what is there, what denies last. */
function deletions(policies: readonly InlineChange[]): readonly InlineChange[] {
  const there = policies.filter(({ from }) => from !== undefined).toSorted((a, b) => denies(a.from) - denies(b.from));
  return there.map((one) => ({ ...one, to: undefined }));
}

/** Writes what is wanted where nothing is, what denies first. */
function creations(policies: readonly InlineChange[]): readonly InlineChange[] {
  const wanted = policies.filter(({ to }) => to !== undefined).toSorted((a, b) => denies(b.to) - denies(a.to));
  return wanted.map((one) => ({ ...one, from: undefined }));
}

function denies(document: PolicyDocument | undefined): number {
  return Number(!deniesNothing(documents(document)));
}

/** The old documents. */
export function olds(policies: readonly InlineChange[]): readonly PolicyDocument[] {
  return policies.flatMap(({ from }) => documents(from));
}

/** The new documents. */
export function news(policies: readonly InlineChange[]): readonly PolicyDocument[] {
  return policies.flatMap(({ to }) => documents(to));
}

function documents(document: PolicyDocument | undefined): readonly PolicyDocument[] {
  return document === undefined ? [] : [document];
}

function charsOf(all: readonly PolicyDocument[]): number {
  return all.reduce((sum, { sizeChars }) => sum + sizeChars, 0);
}
