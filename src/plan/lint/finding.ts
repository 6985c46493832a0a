/** What a finding is about, as tools that read many of them sort by. */
export type LintRule =
  | "invalid"
  | "unknown-field"
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
  | "class";

/** Something that the API server or IAM will refuse, or that its author cannot have meant. */
export interface Finding {
  readonly rule: LintRule;
  /** `error`: it is refused. `warning`: depends on the account, or is merely unwise. */
  readonly severity: "error" | "warning";
  /** `spec.statements[0].conditions`. */
  readonly path: string;
  /** What is wrong and what to write instead. */
  readonly message: string;
}
