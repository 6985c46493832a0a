import {
  ACCOUNT_ARN,
  bounded,
  CONTROLLER,
  claims,
  FOREIGN_ROLE,
  OWNER,
  owned,
  ownedByAnother,
  type Row,
  toEc2,
} from "./vocabulary.ts";

const existing = `${ACCOUNT_ARN}:role/app/web`;
const existingProfile = `${ACCOUNT_ARN}:instance-profile/app/web`;

const existingPolicy = `${ACCOUNT_ARN}:policy/app/web`;

/** What the adoption policy adds, for `app/*`. */
export const ADOPTION: readonly Row[] = [
  ["claim a role that nobody owns", "iam:TagRole", existing, claims()],
  ["claim a profile that nobody owns", "iam:TagInstanceProfile", existingProfile, claims()],
  ["write the trust policy of an adopted role", "iam:UpdateAssumeRolePolicy", existing, owned],
  ["put the boundary on an adopted role", "iam:PutRolePermissionsBoundary", existing, { ...owned, ...bounded }],
  ["give a policy to an adopted role with the boundary", "iam:PutRolePolicy", existing, { ...owned, ...bounded }],
  ["put another role into an adopted profile", "iam:AddRoleToInstanceProfile", existingProfile, owned],
  ["claim a managed policy that nobody owns", "iam:TagPolicy", existingPolicy, claims()],
  ["write an adopted managed policy", "iam:CreatePolicyVersion", existingPolicy, owned],
  ["pass an adopted role to EC2", "iam:PassRole", existing, toEc2],
];

/** What it must not add. */
export const BEYOND_ADOPTION: readonly Row[] = [
  ["claim a role that another cluster owns", "iam:TagRole", existing, { ...ownedByAnother, ...claims() }],
  ["claim a role in another cluster's name", "iam:TagRole", existing, claims("other-cluster")],
  [
    "tag a role that nobody owns without claiming it",
    "iam:TagRole",
    existing,
    { "aws:RequestTag/team": "a", "aws:TagKeys": ["team"] },
  ],
  ["claim a role that may not be adopted", "iam:TagRole", FOREIGN_ROLE, claims()],
  ["claim the role of a path alike", "iam:TagRole", `${ACCOUNT_ARN}:role/app2/web`, claims()],
  ["claim its own role", "iam:TagRole", CONTROLLER, claims()],
  ["write the trust policy of a role before it is adopted", "iam:UpdateAssumeRolePolicy", existing],
  ["give a policy to a role before it is adopted", "iam:PutRolePolicy", existing, bounded],
  ["hand an adopted role to another cluster", "iam:TagRole", existing, { ...owned, ...claims("other-cluster") }],
  ["put a role into a profile before it is adopted", "iam:AddRoleToInstanceProfile", existingProfile],
  [
    "hand an adopted profile to another cluster",
    "iam:TagInstanceProfile",
    existingProfile,
    { ...owned, ...claims("other-cluster") },
  ],
  ["write a managed policy before it is adopted", "iam:CreatePolicyVersion", existingPolicy],
  ["claim a managed policy of another cluster", "iam:TagPolicy", existingPolicy, { ...ownedByAnother, ...claims() }],
  ["claim a managed policy in another cluster's name", "iam:TagPolicy", existingPolicy, claims("other-cluster")],
  [
    "hand an adopted managed policy to another cluster",
    "iam:TagPolicy",
    existingPolicy,
    { ...owned, ...claims("other-cluster") },
  ],
  ["create a role where existing ones are adopted", "iam:CreateRole", existing, { ...bounded, ...claims() }],
  ["give a policy to an adopted role without the boundary", "iam:PutRolePolicy", existing, owned],
  [
    "attach AdministratorAccess to an adopted role",
    "iam:AttachRolePolicy",
    existing,
    { ...owned, ...bounded, "iam:PolicyARN": "arn:aws:iam::aws:policy/AdministratorAccess" },
  ],
  ["take the boundary off an adopted role", "iam:DeleteRolePermissionsBoundary", existing, { ...owned, ...bounded }],
  ["hide an adopted role", "iam:UntagRole", existing, { ...owned, "aws:TagKeys": [OWNER] }],
  ["pass an adopted role to Lambda", "iam:PassRole", existing, { "iam:PassedToService": "lambda.amazonaws.com" }],
];
