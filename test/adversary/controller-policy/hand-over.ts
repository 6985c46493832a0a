import {
  ACCOUNT_ARN,
  bounded,
  CONTROLLER,
  claims,
  FOREIGN_ROLE,
  movesTo,
  OWNER,
  owned,
  ownedByAnother,
  ownedByFormer,
  type Row,
  toEc2,
} from "./vocabulary.ts";

const role = `${ACCOUNT_ARN}:role/k8s/old-cluster/web`;
const profile = `${ACCOUNT_ARN}:instance-profile/k8s/old-cluster/web`;
const policy = `${ACCOUNT_ARN}:policy/k8s/old-cluster/web`;

/** What the hand-over policy adds, for `k8s/old-cluster/*`. */
export const HAND_OVER: readonly Row[] = [
  ["adopt a role of the former cluster", "iam:TagRole", role, { ...ownedByFormer, ...movesTo() }],
  ["adopt a profile of the former cluster", "iam:TagInstanceProfile", profile, { ...ownedByFormer, ...movesTo() }],
  ["adopt a managed policy of the former cluster", "iam:TagPolicy", policy, { ...ownedByFormer, ...movesTo() }],
  ["write the trust policy of an adopted role", "iam:UpdateAssumeRolePolicy", role, owned],
  ["end the adoption", "iam:UntagRole", role, { ...owned, "aws:TagKeys": ["iam.instanceprofile.dev/adopted-from"] }],
  ["give a policy to an adopted role with the boundary", "iam:PutRolePolicy", role, { ...owned, ...bounded }],
  ["put another role into an adopted profile", "iam:AddRoleToInstanceProfile", profile, owned],
  ["write an adopted managed policy", "iam:CreatePolicyVersion", policy, owned],
  ["pass an adopted role to EC2", "iam:PassRole", role, toEc2],
];

/** What it must not add. */
export const BEYOND_HAND_OVER: readonly Row[] = [
  ["adopt a role of a third cluster", "iam:TagRole", role, { ...ownedByAnother, ...movesTo() }],
  ["adopt a role that nobody owns", "iam:TagRole", role, movesTo()],
  ["adopt in another cluster's name", "iam:TagRole", role, { ...ownedByFormer, ...movesTo("other-cluster") }],
  ["adopt and change the name of the object", "iam:TagRole", role, { ...ownedByFormer, ...claims() }],
  ["adopt and set another tag", "iam:TagRole", role, { ...ownedByFormer, ...movesTo("my-cluster", "team") }],
  ["adopt a role elsewhere", "iam:TagRole", FOREIGN_ROLE, { ...ownedByFormer, ...movesTo() }],
  ["adopt the controller's own role", "iam:TagRole", CONTROLLER, { ...ownedByFormer, ...movesTo() }],
  ["write the trust policy of a role before it is adopted", "iam:UpdateAssumeRolePolicy", role, ownedByFormer],
  ["give a policy to a role before it is adopted", "iam:PutRolePolicy", role, { ...ownedByFormer, ...bounded }],
  ["delete a role before it is adopted", "iam:DeleteRole", role, ownedByFormer],
  ["put a role into a profile before it is adopted", "iam:AddRoleToInstanceProfile", profile, ownedByFormer],
  ["write a managed policy before it is adopted", "iam:CreatePolicyVersion", policy, ownedByFormer],
  ["hand an adopted role back", "iam:TagRole", role, { ...owned, ...movesTo("old-cluster") }],
  ["hand an adopted profile back", "iam:TagInstanceProfile", profile, { ...owned, ...movesTo("old-cluster") }],
  ["hand an adopted policy back", "iam:TagPolicy", policy, { ...owned, ...movesTo("old-cluster") }],
  ["hide an adopted role", "iam:UntagRole", role, { ...owned, "aws:TagKeys": [OWNER] }],
  ["give a policy to an adopted role without the boundary", "iam:PutRolePolicy", role, owned],
  ["pass an adopted role to Lambda", "iam:PassRole", role, { "iam:PassedToService": "lambda.amazonaws.com" }],
];
