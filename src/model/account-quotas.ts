/** The usage of a quota. */
export interface Usage {
  readonly used: number;
  readonly quota: number;
}

/** The IAM quotas of the account and their usage, from the account summary. Undefined where the summary has no value. */
export interface AccountQuotas {
  readonly roles: Usage | undefined;
  readonly instanceProfiles: Usage | undefined;
  /** Customer managed policies. */
  readonly policies: Usage | undefined;
  /** Characters without white space. */
  readonly managedPolicyChars: number | undefined;
  /** Characters without white space; all inline policies of one role together. */
  readonly inlinePoliciesChars: number | undefined;
  /** Characters without white space. */
  readonly trustPolicyChars: number | undefined;
  readonly managedPoliciesPerRole: number | undefined;
}
