import type { InstanceProfile, PolicyConditions } from "../api/instance-profile.ts";
import {
  buildPolicy,
  DEFAULT_INLINE_POLICIES_QUOTA_CHARS,
  DEFAULT_TRUST_POLICY_QUOTA_CHARS,
  permissionsDocument,
  trustDocument,
} from "../model/policy-document.ts";

/** Something in a valid spec that IAM will refuse, or that its author cannot have meant. */
export interface Finding {
  /** `error`: IAM refuses it. `warning`: depends on the account, or is merely unwise. */
  readonly severity: "error" | "warning";
  /** `spec.statements[0].conditions`. */
  readonly path: string;
  /** What is wrong and what to write instead. */
  readonly message: string;
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html */
const OPERATORS: ReadonlySet<string> = new Set([
  ...["StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike"],
  ...["StringNotLike", "NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals"],
  ...["NumericGreaterThan", "NumericGreaterThanEquals", "DateEquals", "DateNotEquals", "DateLessThan"],
  ...["DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals", "Bool", "BinaryEquals", "IpAddress"],
  ...["NotIpAddress", "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "Null"],
]);

/** What IAM would say no to, or what would never match, of a spec that the API server accepts. Sorted by path. */
export function lint(object: InstanceProfile): readonly Finding[] {
  const { spec } = object;
  return [
    ...sizes(object),
    ...spec.statements.flatMap(({ conditions }, i) => operators(conditions, `spec.statements[${i}].conditions`)),
    ...spec.trust.statements.flatMap(({ conditions, principals }, i) => [
      ...operators(conditions, `spec.trust.statements[${i}].conditions`),
      ...uniqueIds(principals.aws ?? [], `spec.trust.statements[${i}].principals.aws`),
    ]),
  ];
}

function sizes({ spec }: InstanceProfile): readonly Finding[] {
  const inline = buildPolicy(permissionsDocument(spec.statements), "permissions").sizeChars;
  const trust = buildPolicy(trustDocument(spec.trust), "trust").sizeChars;
  return [
    ...(inline <= DEFAULT_INLINE_POLICIES_QUOTA_CHARS
      ? []
      : [
          {
            severity: "error" as const,
            path: "spec.statements",
            message:
              `the inline policy has ${inline} characters, IAM allows a role ${DEFAULT_INLINE_POLICIES_QUOTA_CHARS}; ` +
              "use wildcards, or move statements to a managed policy and name it in managedPolicyArns",
          },
        ]),
    ...(trust <= DEFAULT_TRUST_POLICY_QUOTA_CHARS
      ? []
      : [
          {
            severity: "warning" as const,
            path: "spec.trust",
            message:
              `the trust policy has ${trust} characters; IAM allows ${DEFAULT_TRUST_POLICY_QUOTA_CHARS} unless the ` +
              "account's quota was raised",
          },
        ]),
  ];
}

function operators(conditions: PolicyConditions | undefined, path: string): readonly Finding[] {
  return Object.keys(conditions ?? {})
    .filter((operator) => !OPERATORS.has(operator.replace(/^(ForAllValues|ForAnyValue):/, "").replace(/IfExists$/, "")))
    .map((operator) => ({
      severity: "error" as const,
      path: `${path}.${operator}`,
      message: `${operator} is not an IAM condition operator${suggestion(operator)}`,
    }));
}

function suggestion(operator: string): string {
  const match = [...OPERATORS].find((known) => known.toLowerCase() === operator.toLowerCase());
  return match === undefined ? "" : `; write ${match}`;
}

/** IAM shows the principal's ARN instead while the principal exists, so such a document never matches what is read back. */
function uniqueIds(principals: readonly string[], path: string): readonly Finding[] {
  return principals
    .filter((principal) => /^A(ROA|IDA)/.test(principal))
    .map((principal) => ({
      severity: "error" as const,
      path,
      message: `${principal} is a unique id; write the ARN of the role or user, IAM resolves it itself`,
    }));
}
