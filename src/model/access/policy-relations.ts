import { canonicalStatement } from "../policy/policy-canonical.ts";
import { buildPolicy, type PolicyDocument, policyJson } from "../policy/policy-document.ts";
import {
  canonicalJson,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  listOf,
  stringsOf,
} from "../policy/policy-json.ts";
import type { Access } from "./access.ts";
import { denialsAsAllowed, withoutDenials } from "./compare/access-statement.ts";
import { compareAccess } from "./compare-access.ts";
import { type PatternKind, sharedWithPatterns } from "./pattern-check.ts";
import { StepBudget } from "./words/step-budget.ts";

/** Documents on one principal: the order of writes depends on how the old ones and the new ones relate. */
export type Documents = readonly PolicyDocument[];

/**
 * Steps for one relation. A relation that is not decided counts as not proved: then the plan takes an order of writes that is right for all
 * documents, with one write more.
 */
const MAX_STEPS = 150_000;

/** Steps for all parts of one common ground together. */
const MAX_GROUND_STEPS = 300_000;

/** True only when it is proved that `one` allows nothing that `other` does not allow. */
export function allowsNoMore(one: Documents, other: Documents): boolean {
  if (areSame(one, other)) return true;
  const [from, to] = [accessOf(other), accessOf(one)];
  if (from === undefined || to === undefined) return false;
  return compareAccess(from, to, { maxSteps: MAX_STEPS }).verdict === "no-new-access";
}

/** True only when it is proved that `one` denies everything that `other` denies. */
export function deniesAsMuch(one: Documents, other: Documents): boolean {
  if (deniesNothing(other) || areSame(one, other)) return true;
  // As an Allow, `{"AWS": "*"}` is more than as a Deny.
  if (other.some(({ use }) => use === "trust")) return false;
  const [from, to] = [denialsOf(one), denialsOf(other)];
  if (from === undefined || to === undefined) return false;
  return compareAccess(from, to, { maxSteps: MAX_STEPS }).verdict === "no-new-access";
}

/** True also for documents that cannot be read. */
function areSame(one: Documents, other: Documents): boolean {
  const texts = (documents: Documents): string => JSON.stringify(documents.map(({ canonical }) => canonical).sort());
  return texts(one) === texts(other);
}

/** True when none of the documents has a Deny statement. What cannot be read may deny. */
export function deniesNothing(documents: Documents): boolean {
  return documents.every((document) => {
    return statementsIn(document)?.every((statement) => statement["Effect"] === "Allow") ?? false;
  });
}

/**
 * True only when it is proved that `one` grants no more than `other`, beside any other policies of the same role: it allows no more, and it
 * denies as much of what the others allow.
 */
export function isNoWider(one: Documents, other: Documents): boolean {
  return deniesAsMuch(one, other) && allowsNoMore(one, other);
}

/** True when none of the documents has an Allow statement. What cannot be read may allow. */
export function allowsNothing(documents: Documents): boolean {
  return documents.every((document) => statementsIn(document)?.every(({ Effect: effect }) => effect === "Deny"));
}

/**
 * True only when it is proved that `now` allows what statements of both sides allow, Deny statements left aside: each statement of one side
 * is allowed, or shares no action or no resource with any statement of the other that is not.
 */
export function allowsShared(one: Documents, other: Documents, now: Documents): boolean {
  if (one.length === 0 || other.length === 0) return true;
  if (accessOf(one) === undefined || accessOf(other) === undefined) return false;
  const budget = new StepBudget(MAX_GROUND_STEPS);
  const isAllowed = allowanceOf(now, budget);
  const allowances = (documents: Documents): readonly JsonObject[] =>
    documents.flatMap((document) => statementsIn(document) ?? []).filter(({ Effect: effect }) => effect !== "Deny");
  const lost = allowances(one).filter((statement) => !isAllowed(statement));
  return allowances(other).every(
    (statement) => lost.every((mine) => areApart(mine, statement, budget)) || isAllowed(statement),
  );
}

/**
 * A document that allows only what both sides allow, and denies what either side denies; undefined when that is nothing. It has the parts
 * of each side that the other side is proved to allow: whole statements, else their actions and resources one by one, else the actions of one
 * side on the resources of the other. What two wildcards share only in part, such as `s3:Get*` and `s3:*Object`, it leaves out, and what is not
 * proved within the steps. It allows nothing beside a Deny that cannot be read, or has another meaning in it.
 */
export function commonGround(one: Documents, other: Documents): PolicyDocument | undefined {
  const [mine, theirs] = [one.flatMap(readable), other.flatMap(readable)];
  const budget = new StepBudget(MAX_GROUND_STEPS);
  const [byOne, byOther] = [allowanceOf(one, budget), allowanceOf(other, budget)];
  const shared = [...one, ...other].every(hasReadableDenials)
    ? [
        ...theirs.flatMap((statement) => partsAllowedBy(statement, byOne)),
        ...mine.flatMap((statement) => partsAllowedBy(statement, byOther)),
        ...crossings(mine, theirs).filter((part) => byOne(part) && byOther(part)),
      ]
    : [];
  return documentOf([...shared, ...denialsIn(one), ...denialsIn(other)]);
}

/** The document with the Deny statements of others; undefined when one of them cannot be read, or has another meaning in it. */
export function withDenialsOf(others: Documents, documents: Documents): PolicyDocument | undefined {
  const statements = documents.flatMap(readable);
  const isWhole = [...others, ...documents].every(
    (document) => readable(document).length === statementsIn(document)?.length,
  );
  return isWhole ? documentOf([...statements, ...denialsIn(others)]) : undefined;
}

/** Denies everything. */
const DENY_EVERYTHING = buildPolicy(
  { Version: "2012-10-17", Statement: [{ Effect: "Deny", Action: "*", Resource: "*" }] },
  "permissions",
);

/** Documents that allow nothing and deny what all of these deny together, the one that denies least first. The last one denies everything. */
export function denyingAsMuchAs(documents: Documents): readonly [PolicyDocument, ...PolicyDocument[]] {
  const denials = documents.every(hasReadableDenials) ? documentOf(denialsIn(documents)) : undefined;
  return denials === undefined ? [DENY_EVERYTHING] : [denials, DENY_EVERYTHING];
}

/** True when each Deny can be moved to another document. What is no Allow may deny. */
export function hasReadableDenials(document: PolicyDocument): boolean {
  const others = statementsIn(document)?.filter(({ Effect: effect }) => effect !== "Allow");
  return others?.length === readable(document).filter(({ Effect: effect }) => effect === "Deny").length;
}

function denialsIn(documents: Documents): readonly JsonObject[] {
  return documents.flatMap(readable).filter(({ Effect: effect }) => effect === "Deny");
}

/** Statements with the same meaning are written once, without their Sids, which must be unique. */
function documentOf(statements: readonly JsonObject[]): PolicyDocument | undefined {
  const distinct = [...Map.groupBy(statements, meaningOf).values()].flatMap((same) => same.slice(0, 1));
  return distinct.length === 0 ? undefined : buildPolicy({ Version: "2012-10-17", Statement: distinct }, "permissions");
}

function meaningOf(statement: JsonObject): string {
  return canonicalJson(canonicalStatement(statement, { use: "permissions", variables: "variables" }));
}

/** Statements of one document that mean the same in version 2012-10-17, without their Sids. */
function readable(document: PolicyDocument): readonly JsonObject[] {
  const json = policyJson(document);
  const version = isJsonObject(json) ? json["Version"] : undefined;
  return (statementsIn(document) ?? []).flatMap(({ Sid: _, ...statement }) => {
    const isSame = version === "2012-10-17" || !JSON.stringify(statement).includes("${");
    return isSame ? [statement] : [];
  });
}

/** Statements with more combinations of actions and resources are taken whole or not at all. */
const MAX_PARTS = 200;

type IsAllowed = (statement: JsonObject) => boolean;

function partsAllowedBy(statement: JsonObject, isAllowed: IsAllowed): readonly JsonObject[] {
  if (statement["Effect"] !== "Allow" || isAllowed(statement))
    return statement["Effect"] === "Allow" ? [statement] : [];
  const [actions, resources] = [listOf(statement["Action"]), listOf(statement["Resource"])];
  if (actions.length * resources.length > MAX_PARTS) return [];
  const kept = Map.groupBy(actions, (Action) =>
    canonicalJson(resources.filter((Resource) => isAllowed({ ...statement, Action, Resource }))),
  );
  return [...kept].flatMap(([json, group]) =>
    json === "[]" ? [] : [{ ...statement, Action: group, Resource: JSON.parse(json) }],
  );
}

/** The actions of each statement of one side on the resources of each of the other, under the conditions of both. */
function crossings(mine: readonly JsonObject[], theirs: readonly JsonObject[]): readonly JsonObject[] {
  if (mine.length * theirs.length > MAX_PARTS) return [];
  const allows = (statements: readonly JsonObject[]): readonly JsonObject[] =>
    statements.filter(({ Effect: effect }) => effect === "Allow");
  return allows(mine).flatMap((one) =>
    allows(theirs).flatMap((other) => [crossing(one, other), crossing(other, one)].flat()),
  );
}

function crossing(one: JsonObject, other: JsonObject): readonly JsonObject[] {
  const { Action, NotAction, Condition } = one;
  const { Resource, NotResource, Condition: others } = other;
  const isSame = canonicalJson(Condition ?? null) === canonicalJson(others ?? null);
  if (Condition !== undefined && others !== undefined && !isSame) return [];
  const condition = Condition ?? others;
  const what = NotAction === undefined ? { Action: Action ?? [] } : { NotAction };
  const where = NotResource === undefined ? { Resource: Resource ?? [] } : { NotResource };
  return [{ Effect: "Allow", ...what, ...where, ...(condition !== undefined && { Condition: condition }) }];
}

/** True only when it is proved that two statements have no action, or no resource, in common. */
function areApart(one: JsonObject, other: JsonObject, budget: StepBudget): boolean {
  return (
    shareNoPattern(one["Action"], one["NotAction"], other["Action"], "actions", budget) ||
    shareNoPattern(other["Action"], other["NotAction"], one["Action"], "actions", budget) ||
    shareNoPattern(one["Resource"], one["NotResource"], other["Resource"], "resources", budget) ||
    shareNoPattern(other["Resource"], other["NotResource"], one["Resource"], "resources", budget)
  );
}

function shareNoPattern(
  listed: JsonValue | undefined,
  not: JsonValue | undefined,
  others: JsonValue | undefined,
  kind: PatternKind,
  budget: StepBudget,
): boolean {
  const [patterns, against] = [stringsOf(listed ?? not), stringsOf(others)];
  if (patterns === undefined || against === undefined) return false;
  const set = { patterns, isNegated: listed === undefined };
  return sharedWithPatterns(set, against, kind, { budget }).found === "none";
}

/** Tells whether the Allow statements of the documents are proved to allow what a statement allows. */
function allowanceOf(documents: Documents, budget: StepBudget): IsAllowed {
  const access = accessOf(documents);
  const from = access && withoutDenials(access);
  return (statement) => {
    if (from === undefined || budget.left <= 0) return false;
    const to: Access = { use: "permissions", layers: [[{ Version: "2012-10-17", Statement: [statement] }]] };
    return compareAccess(from, to, { budget }).verdict === "no-new-access";
  };
}

/** What the documents deny, as what they would allow. */
function denialsOf(documents: Documents): Access | undefined {
  const access = accessOf(documents);
  return access && denialsAsAllowed(access);
}

/** Undefined when a document cannot be read. */
function accessOf(documents: Documents): Access | undefined {
  const layer = documents.map(policyJson);
  const use = documents[0]?.use ?? "permissions";
  return layer.every((json) => json !== undefined) ? { use, layers: [layer] } : undefined;
}

function statementsIn(document: PolicyDocument): readonly JsonObject[] | undefined {
  const json = policyJson(document);
  if (!isJsonObject(json)) return undefined;
  const list = listOf(json["Statement"]);
  return list.every(isJsonObject) ? list : undefined;
}
