/** How much there is of something, and how much there may be. */
export interface Usage {
  readonly used: number;
  readonly quota: number;
}

/**
 * What IAM allows the account, as its summary tells: quotas are the account's own, and can be raised. Undefined where the
 * summary did not say.
 */
export interface AccountQuotas {
  readonly roles: Usage | undefined;
  readonly instanceProfiles: Usage | undefined;
  /** Characters without white space; all inline policies of one role together. */
  readonly inlinePoliciesChars: number | undefined;
  /** Characters without white space. */
  readonly trustPolicyChars: number | undefined;
  readonly managedPoliciesPerRole: number | undefined;
}
