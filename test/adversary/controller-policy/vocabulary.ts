import type { Attempt } from "./request.ts";

/** As the README of `deploy` fills the policy in. */
export const ACCOUNT_ARN = "arn:aws:iam::123456789012";
export const BOUNDARY = `${ACCOUNT_ARN}:policy/k8s-boundary`;
export const CLUSTER = "my-cluster";

export const OWN_ROLE = `${ACCOUNT_ARN}:role/k8s/my-cluster/team-a/app`;
export const OWN_PROFILE = `${ACCOUNT_ARN}:instance-profile/k8s/my-cluster/team-a/app`;
export const OWN_POLICY = `${ACCOUNT_ARN}:policy/k8s/my-cluster/team-a/app`;
export const SIBLING_PROFILE = `${ACCOUNT_ARN}:instance-profile/k8s/my-cluster-2/app`;
export const FOREIGN_ROLE = `${ACCOUNT_ARN}:role/admin`;
export const FOREIGN_PROFILE = `${ACCOUNT_ARN}:instance-profile/admin`;
/** The role that the controller itself runs with. */
export const CONTROLLER = `${ACCOUNT_ARN}:role/instance-profile-controller`;
export const INSTANCE = "arn:aws:ec2:eu-west-1:123456789012:instance/i-0123456789abcdef0";
export const LISTED = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";

export const OWNER = "iam.instanceprofile.dev/cluster-id";
export const MARK = "iam.instanceprofile.dev/associated-by";
export type Keys = NonNullable<Attempt["keys"]>;

export const owned: Keys = { [`aws:ResourceTag/${OWNER}`]: CLUSTER };
export const ownedByAnother: Keys = { [`aws:ResourceTag/${OWNER}`]: "other-cluster" };
export const ownedByFormer: Keys = { [`aws:ResourceTag/${OWNER}`]: "old-cluster" };
export const bounded: Keys = { "iam:PermissionsBoundary": BOUNDARY };
/** The owner tags in a request. */
export const claims = (clusterId = CLUSTER): Keys => ({
  [`aws:RequestTag/${OWNER}`]: clusterId,
  "aws:TagKeys": [OWNER, "iam.instanceprofile.dev/namespace", "iam.instanceprofile.dev/name"],
});
/** The tags of a hand-over in a request. */
export const movesTo = (clusterId = CLUSTER, ...more: readonly string[]): Keys => ({
  [`aws:RequestTag/${OWNER}`]: clusterId,
  "aws:TagKeys": [OWNER, "iam.instanceprofile.dev/uid", "iam.instanceprofile.dev/adopted-from", ...more],
});
export const toEc2: Keys = { "iam:PassedToService": "ec2.amazonaws.com" };
export const ofTheCluster: Keys = { "aws:ResourceTag/k8s-cluster": "my-cluster" };
export const marked: Keys = { [`aws:ResourceTag/${MARK}`]: `${CLUSTER}/team-a/app` };
export const marks = (value: string, ...more: readonly string[]): Keys => ({
  [`aws:RequestTag/${MARK}`]: value,
  "aws:TagKeys": [MARK, ...more],
});

/** An attempt in words, and what it asks AWS. */
export type Row = readonly [string, string, string, Keys?];
