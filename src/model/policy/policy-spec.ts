import type {
  InstanceProfileSpec,
  PolicyConditions,
  PolicySpec,
  Principals,
  Statement,
  Trust,
  TrustStatement,
} from "../../api/instance-profile.ts";
import { buildPolicy, DEFAULT_TRUST_POLICY_QUOTA_CHARS, type PolicyDocument } from "./policy-document.ts";
import { isJsonList, isJsonObject, type JsonObject, type JsonValue, listOf } from "./policy-json.ts";
import { MAX_INLINE_POLICIES_CHARS, MAX_MANAGED_POLICY_CHARS } from "./policy-size.ts";
import { hasVariable } from "./resource-pattern.ts";

/** All policies that an object writes for its role: inline ones, and managed ones of its own. */
export function policiesOf({
  inlinePolicies,
  managedPolicies,
}: Pick<InstanceProfileSpec, "inlinePolicies" | "managedPolicies">): readonly PolicySpec[] {
  return [...inlinePolicies, ...managedPolicies];
}

/** The fields of a statement that messages name. */
export type StatementField = "actions" | "notActions" | "resources" | "notResources" | "conditions";

const ELEMENTS: Readonly<Record<StatementField, string>> = {
  actions: "Action",
  notActions: "NotAction",
  resources: "Resource",
  notResources: "NotResource",
  conditions: "Condition",
};

/** The path of a statement: `spec.statements[0]`, or `spec.inlinePolicies[1].document.Statement[0]`. */
export function statementPath({ fieldPath, document }: PolicySpec, index: number): string {
  return document === undefined ? `${fieldPath}[${index}]` : `${fieldPath}.Statement[${index}]`;
}

/** The path of a field of a statement: `spec.statements[0].actions`. */
export function statementFieldPath(policy: PolicySpec, index: number, field: StatementField): string {
  return `${statementPath(policy, index)}.${policy.document === undefined ? field : ELEMENTS[field]}`;
}

/** The path of a trust statement. Of a document, services and statements are not told apart. */
export function trustStatementPath({ document }: Trust, index: number): string {
  return document === undefined ? `spec.trust.statements[${index}]` : "spec.trust.document";
}

/** The path of a field of a trust statement. */
export function trustFieldPath(trust: Trust, index: number, field: string): string {
  const path = trustStatementPath(trust, index);
  return trust.document === undefined ? `${path}.${field}` : path;
}

/** The policies with the statements to keep. A policy without a statement is left out. */
export function withStatementsOf<T extends PolicySpec>(
  policies: readonly T[],
  isKept: (policy: T, index: number) => boolean,
): readonly T[] {
  return policies.flatMap((policy) => {
    const kept = policy.statements.map((_, index) => isKept(policy, index));
    if (!kept.includes(true)) return [];
    if (!kept.includes(false)) return [policy];
    const statements = policy.statements.filter((_, index) => kept[index]);
    const { document } = policy;
    return [{ ...policy, statements, ...(document !== undefined && { document: documentWith(document, kept) }) }];
  });
}

function documentWith(document: JsonObject, kept: readonly boolean[]): JsonObject {
  const written = document["Statement"];
  return isJsonList(written) ? { ...document, Statement: listOf(written).filter((_, index) => kept[index]) } : document;
}

/**
 * The documents of the inline policies of a spec, as they are sent. IAM has one limit for all of them: only beyond it they take their
 * shortest form, because the longer one is what people compare with their manifest.
 */
export function inlineDocuments(policies: readonly PolicySpec[]): readonly PolicyDocument[] {
  const written = policies.map((policy) => buildPolicy(documentOf(policy), "permissions"));
  const sizeChars = written.reduce((sum, document) => sum + document.sizeChars, 0);
  if (sizeChars <= MAX_INLINE_POLICIES_CHARS) return written;
  return policies.map((policy) => buildPolicy(shortestForm(documentOf(policy)), "permissions"));
}

/** The trust policy of a spec, as it is sent: in its shortest form where it is beyond the quota that accounts have at first. */
export function trustPolicyOf(trust: Trust): PolicyDocument {
  const document = trustDocument(trust);
  const written = buildPolicy(document, "trust");
  return written.sizeChars <= DEFAULT_TRUST_POLICY_QUOTA_CHARS ? written : buildPolicy(shortestForm(document), "trust");
}

/** The document of a managed policy of the object itself, in the shortest form where IAM has no room for the one that the manifest has. */
export function managedDocument(policy: PolicySpec): PolicyDocument {
  const document = documentOf(policy);
  const written = buildPolicy(document, "permissions");
  return written.sizeChars <= MAX_MANAGED_POLICY_CHARS ? written : buildPolicy(shortestForm(document), "permissions");
}

/** The same document with fewer characters: no list around a single member, no empty Sid, and no Version where it has no effect. */
export function shortestForm(document: JsonValue): JsonValue {
  if (!isJsonObject(document)) return document;
  const { Version: version, Statement: statements, ...others } = document;
  const keepsVersion = version !== undefined && hasVariable(JSON.stringify(statements ?? null));
  const shortened = isJsonList(statements) ? statements.map(shortStatement) : shortStatement(statements ?? []);
  return { ...(keepsVersion && { Version: version }), ...others, Statement: single(shortened) };
}

function shortStatement(statement: JsonValue): JsonValue {
  if (!isJsonObject(statement)) return statement;
  const { Sid: sid, ...rest } = statement;
  return { ...(sid !== undefined && sid !== "" && { Sid: sid }), ...withSingles(rest) };
}

/** A list of one member is its member, in the elements of a statement, in principals and in conditions. */
function withSingles(object: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [key, isJsonObject(value) ? withSingles(value) : single(value)]),
  );
}

function single(value: JsonValue): JsonValue {
  const [member, ...others] = isJsonList(value) ? value : [];
  return member === undefined || others.length > 0 ? value : member;
}

const POLICY_VERSION = "2012-10-17";

/** The document of a policy of a spec. */
export function documentOf({ statements, document }: Pick<PolicySpec, "statements" | "document">): JsonValue {
  return document ?? permissionsDocument(statements);
}

/** The document with these statements. */
export function permissionsDocument(statements: readonly Statement[]): JsonValue {
  return { Version: POLICY_VERSION, Statement: statements.map(permissionsStatement) };
}

/** The desired trust policy of a spec: one statement for all services, then the trust statements. */
export function trustDocument(trust: Trust): JsonValue {
  if (trust.document !== undefined) return trust.document;
  return {
    Version: POLICY_VERSION,
    Statement: [...servicesStatement(trust.services), ...trust.statements.map(trustStatement)],
  };
}

function permissionsStatement(statement: Statement): JsonObject {
  const { sid, effect, actions, notActions, resources, notResources, conditions } = statement;
  return withoutUndefined({
    Sid: sid,
    Effect: effect,
    Action: actions,
    NotAction: notActions,
    Resource: resources,
    NotResource: notResources,
    Condition: conditionBlock(conditions),
  });
}

/** Services are a set: sorted, so that a reordered spec is the same document to the letter. */
function servicesStatement(services: readonly string[]): readonly JsonObject[] {
  if (services.length === 0) return [];
  return [{ Effect: "Allow", Principal: { Service: [...new Set(services)].sort() }, Action: ["sts:AssumeRole"] }];
}

function trustStatement({ sid, effect, actions, principals, conditions }: TrustStatement): JsonObject {
  return withoutUndefined({
    Sid: sid,
    Effect: effect,
    Principal: principalBlock(principals),
    Action: actions,
    Condition: conditionBlock(conditions),
  });
}

function principalBlock({ aws, services, federated, canonicalUsers }: Principals): JsonObject {
  return withoutUndefined({ AWS: aws, Service: services, Federated: federated, CanonicalUser: canonicalUsers });
}

function conditionBlock(conditions: PolicyConditions | undefined): JsonObject | undefined {
  return conditions === undefined || Object.keys(conditions).length === 0 ? undefined : conditions;
}

function withoutUndefined(members: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  const present: [string, JsonValue][] = [];
  for (const [key, value] of Object.entries(members)) if (value !== undefined) present.push([key, value]);
  return Object.fromEntries(present);
}
