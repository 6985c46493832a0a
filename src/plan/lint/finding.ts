/** The kind of a finding, for tools that group findings. */
export type LintRule =
  | "invalid"
  | "unknown-field"
  | "pasted-policy"
  | "policy-size"
  | "too-many-policies"
  | "unknown-operator"
  | "unique-id-principal"
  | "anyone-may-assume"
  | "allow-not-action"
  | "allow-not-resource"
  | "grants-everything"
  | "privilege-escalation"
  | "assume-any-role"
  | "missing-boundary"
  | "managed-policy"
  | "unknown-action"
  | "wrong-partition"
  | "no-ec2-trust"
  | "template"
  | "variable"
  | "class"
  | "shared-name"
  | "policy-test"
  | "unreadable";

/** A problem of a manifest: the API server or IAM will reject it, or the author probably did not intend it. */
export interface Finding {
  readonly rule: LintRule;
  /** `error`: it is rejected. `warning`: it depends on the account, or is only risky. */
  readonly severity: "error" | "warning";
  /** The field path, such as `spec.statements[0].conditions`. */
  readonly path: string;
  /** The reason that the condition of the object has for it, in CamelCase. Unset when there is none. */
  readonly reason?: string;
  /** What is wrong, and what to do. */
  readonly message: string;
}
