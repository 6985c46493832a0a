import { isJsonList, isJsonObject, type JsonValue, listOf } from "../../model/policy/policy-json.ts";
import { type ManifestStatement, statementsFrom, trustFrom } from "../../model/policy/statements-of.ts";
import type { Finding } from "../../plan/lint/finding.ts";

/** Elements of IAM's JSON that no field of a statement is called. */
const ELEMENTS = ["Statement", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "Condition"];

/** What IAM's API and other tools call the field of a policy, which the spec does not have. */
const DOCUMENT_FIELDS: readonly (readonly [string, Use])[] = [
  ...["policyDocument", "PolicyDocument", "policy", "document", "inlinePolicy"].map(
    (field) => [field, "permissions"] as const,
  ),
  ...["assumeRolePolicyDocument", "AssumeRolePolicyDocument", "assumeRolePolicy", "trustPolicy"].map(
    (field) => [field, "trust"] as const,
  ),
];

/** A statement in a hint is at most this long. */
const MAX_EXAMPLE_CHARS = 300;

const EXAMPLES = {
  permissions: '{"effect":"Allow","actions":["s3:GetObject"],"resources":["arn:aws:s3:::logs/*"]}',
  trust: '{"effect":"Allow","principals":{"aws":["123456789012"]},"actions":["sts:AssumeRole"]}',
} as const;

type Use = keyof typeof EXAMPLES;

/** One hint for each field that has a policy in IAM's JSON instead of the statements of a manifest. */
export function pastedPolicies(spec: JsonValue | undefined): readonly Finding[] {
  if (!isJsonObject(spec)) return [];
  const listed = ["inlinePolicies", "managedPolicies"].flatMap((field) =>
    listOf(spec[field]).map((policy, index) => {
      const path = `spec.${field}[${index}]`;
      return isPasted(policy) ? ([path, policy] as const) : ([`${path}.statements`, memberOf(policy)] as const);
    }),
  );
  const { trust } = spec;
  return [
    ...DOCUMENT_FIELDS.flatMap(([field, use]) => {
      const value = parsedText(spec[field]);
      return isPasted(value) ? [hint(`spec.${field}`, value, use)] : [];
    }),
    ...[["spec.statements", spec["statements"]] as const, ...listed].flatMap(([path, value]) =>
      isPasted(value) ? [hint(path, value, "permissions")] : [],
    ),
    ...(isJsonObject(trust) && "Statement" in trust ? [hint("spec.trust", trust, "trust")] : []),
    ...(isPasted(memberOf(trust)) ? [hint("spec.trust.statements", memberOf(trust), "trust")] : []),
  ];
}

/** A policy as text is a value of IAM's API too. */
function parsedText(value: JsonValue | undefined): JsonValue | undefined {
  if (typeof value !== "string" || !value.includes("Statement")) return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

function memberOf(value: JsonValue | undefined): JsonValue | undefined {
  return isJsonObject(value) ? value["statements"] : undefined;
}

function isPasted(value: JsonValue | undefined): value is JsonValue {
  if (isJsonList(value)) return value.some((item) => isJsonObject(item) && isPasted(item));
  return isJsonObject(value) && ELEMENTS.some((element) => Object.hasOwn(value, element));
}

function hint(path: string, value: JsonValue | undefined, use: Use): Finding {
  const owner = path.replace(/\.statements$/, "");
  const isListed = /\]$/.test(owner);
  const ofUse = use === "trust" ? "spec.trust.document" : "spec.inlinePolicies[].document, beside its name";
  const field = isListed ? `${owner}.document` : ofUse;
  const message =
    `this is a policy in IAM's JSON. Write statements as in ${exampleOf(value, use)}, or move the policy unchanged to ${field}; ` +
    "the command convert writes the manifest";
  return { rule: "pasted-policy", severity: "error", path, message };
}

/** The first statement in the form of a manifest, if it is short; else an example. */
function exampleOf(value: JsonValue | undefined, use: Use): string {
  const [first] = listOf(value);
  const document = isJsonObject(first) && "Statement" in first ? first : { Statement: listOf(first) };
  const [statement] = use === "trust" ? (trustFrom(document)?.statements ?? []) : (statementsFrom(document) ?? []);
  const text = JSON.stringify((statement as ManifestStatement | undefined) ?? null);
  return statement === undefined || text.length > MAX_EXAMPLE_CHARS ? EXAMPLES[use] : text;
}
