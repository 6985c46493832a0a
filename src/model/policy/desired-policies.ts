import type { PolicySpec, Trust } from "../../api/instance-profile.ts";
import {
  buildPolicy,
  DEFAULT_TRUST_POLICY_QUOTA_CHARS,
  documentOf,
  type PolicyDocument,
  trustDocument,
} from "./policy-document.ts";
import { isJsonList, isJsonObject, type JsonObject, type JsonValue } from "./policy-json.ts";
import { MAX_INLINE_POLICIES_CHARS, MAX_MANAGED_POLICY_CHARS } from "./policy-size.ts";
import { hasVariable } from "./resource-pattern.ts";

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
