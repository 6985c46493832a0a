import { canonicalStatement } from "../policy/policy-canonical.ts";
import { buildPolicy, type PolicyDocument, policyJson } from "../policy/policy-document.ts";
import { canonicalJson, isJsonList, isJsonObject, type JsonObject, type JsonValue } from "../policy/policy-json.ts";
import type { Access } from "./access.ts";
import { compareAccess } from "./compare-access.ts";

/** Documents on one principal: the order of writes depends on how the old ones and the new ones relate. */
export type Documents = readonly PolicyDocument[];

/**
 * Steps for one relation. A relation that is not decided counts as not proved: then the plan takes an order of writes that is right for all
 * documents, with one write more.
 */
const MAX_STEPS = 500_000;

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

/**
 * A document that allows only what both sides allow, and denies what either side denies; undefined when that is nothing. It has the Allow
 * statements of each side that the other side is proved to allow. What two statements share only in part, it leaves out.
 */
export function commonGround(one: Documents, other: Documents): PolicyDocument | undefined {
  const [mine, theirs] = [one.flatMap(readable), other.flatMap(readable)];
  const shared = [
    ...theirs.filter((statement) => isAllowedBy(statement, one)),
    ...mine.filter((statement) => isAllowedBy(statement, other)),
  ];
  const denials = [...mine, ...theirs].filter(({ json }) => json["Effect"] === "Deny");
  const kept = [...shared, ...denials].map(({ json: { Sid: _, ...statement } }) => statement);
  const distinct = [...Map.groupBy(kept, meaningOf).values()].flatMap((same) => same.slice(0, 1));
  if (distinct.length === 0) return undefined;
  return buildPolicy({ Version: "2012-10-17", Statement: distinct }, "permissions");
}

function meaningOf(statement: JsonObject): string {
  return canonicalJson(canonicalStatement(statement, { use: "permissions", variables: "variables" }));
}

/** A statement with the version of its document. */
interface VersionedStatement {
  readonly version: JsonValue | undefined;
  readonly json: JsonObject;
}

/** Statements of one document that mean the same in version 2012-10-17. */
function readable(document: PolicyDocument): readonly VersionedStatement[] {
  const json = policyJson(document);
  const version = isJsonObject(json) ? json["Version"] : undefined;
  return (statementsIn(document) ?? []).flatMap((statement) => {
    const isSame = version === "2012-10-17" || !JSON.stringify(statement).includes("${");
    return isSame ? [{ version: "2012-10-17", json: statement }] : [];
  });
}

function isAllowedBy({ version, json }: VersionedStatement, documents: Documents): boolean {
  const from = accessOf(documents);
  if (json["Effect"] !== "Allow" || from === undefined) return false;
  const to: Access = { use: "permissions", layers: [[{ Version: version ?? null, Statement: [json] }]] };
  return compareAccess(withoutDenials(from), to, { maxSteps: MAX_STEPS }).verdict === "no-new-access";
}

/** The common ground has the denials of both sides. */
function withoutDenials({ use, layers }: Access): Access {
  return { use, layers: layers.map((documents) => documents.map((json) => withStatements(json, allowing))) };
}

function allowing(statement: JsonObject): readonly JsonObject[] {
  return statement["Effect"] === "Allow" ? [statement] : [];
}

/** What the documents deny, as what they would allow. */
function denialsOf(documents: Documents): Access | undefined {
  const access = accessOf(documents);
  return (
    access && {
      use: access.use,
      layers: access.layers.map((layer) => layer.map((json) => withStatements(json, asAllowed))),
    }
  );
}

function asAllowed(statement: JsonObject): readonly JsonObject[] {
  const { Effect: effect } = statement;
  if (effect === "Allow") return [];
  return [effect === "Deny" ? { ...statement, Effect: "Allow" } : statement];
}

function withStatements(json: JsonValue, convert: (statement: JsonObject) => readonly JsonObject[]): JsonValue {
  if (!isJsonObject(json)) return json;
  const statement = json["Statement"] ?? [];
  const list = isJsonList(statement) ? statement : [statement];
  const converted = list.flatMap((member): readonly JsonValue[] => (isJsonObject(member) ? convert(member) : [member]));
  return { ...json, Statement: converted };
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
  const statement = json["Statement"] ?? [];
  const list = isJsonList(statement) ? statement : [statement];
  return list.every(isJsonObject) ? list : undefined;
}
