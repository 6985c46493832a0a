import type { InstanceProfile, PolicySpec } from "../../api/instance-profile.ts";
import { DEFAULT_TRUST_POLICY_QUOTA_CHARS } from "../../model/policy/policy-document.ts";
import { asciiLowerCase } from "../../model/policy/policy-json.ts";
import { MAX_INLINE_POLICIES_CHARS, MAX_MANAGED_POLICY_CHARS } from "../../model/policy/policy-size.ts";
import {
  inlineDocuments,
  policiesOf,
  type StatementField,
  statementFieldPath,
  trustFieldPath,
  trustPolicyOf,
} from "../../model/policy/policy-spec.ts";
import { BUILT_IN_VARIABLES, leftoverIn, leftoverMessage, variablesIn } from "../../model/variables/template.ts";
import { didYouMean } from "../../text/did-you-mean.ts";
import { type FieldBlocker, INVALID_POLICY } from "../plan.ts";
import type { Finding } from "./finding.ts";
import { lintStatement, lintTrustStatement } from "./lint-grants.ts";
import { lintPlace } from "./lint-place.ts";

/** Optional requirements on a manifest beyond those of IAM. */
export interface LintOptions {
  /** True when every role must have a permissions boundary. */
  readonly requiresBoundary: boolean;
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html */
const OPERATORS: ReadonlySet<string> = new Set([
  "StringEquals",
  "StringNotEquals",
  "StringEqualsIgnoreCase",
  "StringNotEqualsIgnoreCase",
  "StringLike",
  "StringNotLike",
  "NumericEquals",
  "NumericNotEquals",
  "NumericLessThan",
  "NumericLessThanEquals",
  "NumericGreaterThan",
  "NumericGreaterThanEquals",
  "DateEquals",
  "DateNotEquals",
  "DateLessThan",
  "DateLessThanEquals",
  "DateGreaterThan",
  "DateGreaterThanEquals",
  "Bool",
  "BinaryEquals",
  "IpAddress",
  "NotIpAddress",
  "ArnEquals",
  "ArnLike",
  "ArnNotEquals",
  "ArnNotLike",
  "Null",
]);

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const DEFAULT_ATTACHED_POLICIES_QUOTA = 10;

/** IAM takes them in any case. */
const OPERATOR_KEYS: ReadonlySet<string> = new Set([...OPERATORS].map(asciiLowerCase));

const NO_REQUIREMENTS: LintOptions = { requiresBoundary: false };

/**
 * Finds problems of a spec that the API server accepts: what IAM rejects, what never matches, and grants that are wider than the author may
 * have intended.
 */
export function lint(
  object: Pick<InstanceProfile, "spec" | "place">,
  options: LintOptions = NO_REQUIREMENTS,
): readonly Finding[] {
  const { spec } = object;
  const isBounded = spec.permissionsBoundaryArn !== undefined;
  return [
    ...(options.requiresBoundary && !isBounded ? [MISSING_BOUNDARY] : []),
    ...sizes(object),
    ...lintPlace(object),
    ...lintAdoptFrom(spec),
    ...policiesOf(spec).flatMap((policy) => lintPolicy(policy, isBounded)),
    ...spec.trust.statements.flatMap((statement, i) => [
      ...unknownOperators(statement.conditions, trustFieldPath(spec.trust, i, "conditions")),
      ...uniqueIds(statement.principals.aws ?? [], trustFieldPath(spec.trust, i, "principals.aws")),
      ...lintTrustStatement(statement, (at) => trustFieldPath(spec.trust, i, `principals.aws[${at}]`)),
    ]),
  ];
}

/** A name with the id of the cluster is another one in each cluster, so that the object finds nothing to adopt. */
function lintAdoptFrom({ adoptFrom, ...names }: InstanceProfile["spec"]): readonly Finding[] {
  if (adoptFrom === undefined) return [];
  return (["roleName", "instanceProfileName"] as const)
    .filter((field) => variablesIn(names[field]).includes("cluster"))
    .slice(0, 1)
    .map((field) => ({
      rule: "variable",
      severity: "warning",
      path: `spec.${field}`,
      message:
        "{cluster} has another value in the cluster that spec.adoptFrom names; write the name that exists in AWS",
    }));
}

function lintPolicy(policy: PolicySpec, isBounded: boolean): readonly Finding[] {
  return policy.statements.flatMap((statement, index) => {
    const pathOf = (field: StatementField): string => statementFieldPath(policy, index, field);
    return [
      ...unknownOperators(statement.conditions, pathOf("conditions")),
      ...lintStatement(statement, pathOf, isBounded),
      ...(policy.document === undefined ? [] : (["resources", "notResources"] as const)).flatMap((field) =>
        (statement[field] ?? []).flatMap((text, at) => unfilled(text, `${pathOf(field)}[${at}]`)),
      ),
    ];
  });
}

/** A document goes to IAM as it is: what another tool, or a variable, should have filled in matches no resource. */
function unfilled(text: string, path: string): readonly Finding[] {
  const leftover = leftoverIn(text, true);
  if (leftover !== undefined)
    return [{ rule: "template", severity: "warning", path, message: leftoverMessage(leftover) }];
  const word = variablesIn(text).find((one) => BUILT_IN_VARIABLES.includes(one));
  if (word === undefined) return [];
  const message = `{${word}} is not filled in within a document; write the policy as statements, or the value itself`;
  return [{ rule: "variable", severity: "warning", path, message }];
}

const REFUSED_RULES: ReadonlySet<string> = new Set(["unknown-operator", "policy-size", "wrong-partition"]);

/** True for a finding that IAM rejects in every account. */
export function isRefusedByIam({ rule, severity }: Finding): boolean {
  return severity === "error" && REFUSED_RULES.has(rule);
}

/**
 * Blockers for what IAM rejects in every account: the findings of {@link lint} for which {@link isRefusedByIam} is true, without the work
 * for the others, which the creation of each role would wait for. Without them, a part of the plan would be applied and the rest never.
 */
export function refusedByIam(object: Pick<InstanceProfile, "spec" | "place">): readonly FieldBlocker[] {
  const { spec } = object;
  const findings = [
    ...sizes(object),
    ...lintPlace(object),
    ...policiesOf(spec).flatMap((policy) =>
      policy.statements.flatMap(({ conditions }, i) =>
        unknownOperators(conditions, statementFieldPath(policy, i, "conditions")),
      ),
    ),
    ...spec.trust.statements.flatMap(({ conditions }, i) =>
      unknownOperators(conditions, trustFieldPath(spec.trust, i, "conditions")),
    ),
  ];
  const faults = findings.filter(isRefusedByIam);
  return faults.map(({ path, message }) => ({ reason: INVALID_POLICY, path, message: `${path}: ${message}` }));
}

const MISSING_BOUNDARY: Finding = {
  rule: "missing-boundary",
  severity: "error",
  path: "spec.permissionsBoundaryArn",
  message: "every role must have a permissions boundary; set it to the ARN of a managed policy",
};

function sizes({ spec }: Pick<InstanceProfile, "spec">): readonly Finding[] {
  const inline = sizeOf(spec.inlinePolicies);
  const trust = trustPolicyOf(spec.trust).sizeChars;
  const attached = spec.managedPolicyArns.length + spec.managedPolicies.length;
  const findings: (Finding | false)[] = [
    inline > MAX_INLINE_POLICIES_CHARS && {
      rule: "policy-size",
      severity: "error",
      path: spec.inlinePolicies[0]?.fieldPath ?? "spec.statements",
      message:
        `the inline policy has ${inline} characters, IAM allows a role ${MAX_INLINE_POLICIES_CHARS}; ` +
        "use wildcards, or move statements to managedPolicies",
    },
    trust > DEFAULT_TRUST_POLICY_QUOTA_CHARS && {
      rule: "policy-size",
      severity: "warning",
      path: "spec.trust",
      message:
        `the trust policy has ${trust} characters; IAM allows ${DEFAULT_TRUST_POLICY_QUOTA_CHARS} unless the ` +
        "account's quota was raised",
    },
    attached > DEFAULT_ATTACHED_POLICIES_QUOTA && {
      rule: "too-many-policies",
      severity: "warning",
      path: "spec.managedPolicyArns",
      message:
        `${attached} managed policies; IAM allows a role ${DEFAULT_ATTACHED_POLICIES_QUOTA} unless the account's quota ` +
        "was raised",
    },
  ];
  return [...findings.filter((finding) => finding !== false), ...spec.managedPolicies.flatMap(managedSize)];
}

function managedSize(policy: PolicySpec): readonly Finding[] {
  const chars = sizeOf([policy]);
  if (chars <= MAX_MANAGED_POLICY_CHARS) return [];
  const message =
    `managed policy ${policy.name} has ${chars} characters, IAM allows ${MAX_MANAGED_POLICY_CHARS}; use wildcards, or move statements ` +
    "to another one of managedPolicies";
  return [{ rule: "policy-size", severity: "error", path: policy.fieldPath, message }];
}

/** All inline policies of a role share one limit. */
function sizeOf(policies: readonly PolicySpec[]): number {
  return inlineDocuments(policies).reduce((sum, { sizeChars }) => sum + sizeChars, 0);
}

/** Findings for the operators that IAM does not have. */
export function unknownOperators(conditions: object | undefined, path: string): readonly Finding[] {
  return Object.keys(conditions ?? {}).flatMap((operator): readonly Finding[] => {
    const plain = operator.replace(/^(ForAllValues|ForAnyValue):/i, "").replace(/IfExists$/i, "");
    if (OPERATOR_KEYS.has(asciiLowerCase(plain))) return [];
    const message = `${operator} is not an IAM condition operator${didYouMean(plain, OPERATORS)}, so IAM refuses the policy`;
    return [{ rule: "unknown-operator", severity: "error", path: `${path}.${operator}`, message }];
  });
}

/** Finds unique ids as principals. IAM returns the ARN while the principal exists, so such a document never matches what is observed. */
function uniqueIds(principals: readonly string[], path: string): readonly Finding[] {
  return principals
    .filter((principal) => /^A(ROA|IDA)/.test(principal))
    .map((principal) => ({
      rule: "unique-id-principal",
      severity: "error",
      path,
      message: `${principal} is a unique id; use the ARN of the role or user, which IAM resolves`,
    }));
}
