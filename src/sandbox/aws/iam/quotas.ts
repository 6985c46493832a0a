/** The limits IAM counts; sizes are in characters without white space. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
export interface Quotas {
  readonly roles: number;
  readonly instanceProfiles: number;
  readonly policies: number;
  readonly trustPolicySize: number;
  /** All inline policies of one role together. */
  readonly inlinePoliciesSize: number;
  readonly managedPolicySize: number;
  readonly versionsPerPolicy: number;
  readonly attachedPoliciesPerRole: number;
  readonly tagsPerEntity: number;
}

/** What a new account has. */
export const defaultQuotas: Quotas = {
  roles: 1_000,
  instanceProfiles: 1_000,
  policies: 1_500,
  trustPolicySize: 2_048,
  inlinePoliciesSize: 10_240,
  managedPolicySize: 6_144,
  versionsPerPolicy: 5,
  attachedPoliciesPerRole: 10,
  tagsPerEntity: 50,
};

/** The size that quotas compare: every character but white space. */
export function countedSize(document: string): number {
  return document.replace(/\s/g, "").length;
}
