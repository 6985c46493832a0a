/**
 * Actions that one recognises, the most telling first: by which more access is gained, then data read, changed or destroyed. They serve
 * as examples of what a pattern matches, and decide nothing.
 */
export const WELL_KNOWN_ACTIONS: readonly string[] = [
  ...["iam:PassRole", "sts:AssumeRole", "iam:AttachRolePolicy", "iam:PutRolePolicy", "iam:CreatePolicyVersion"],
  ...["iam:SetDefaultPolicyVersion", "iam:UpdateAssumeRolePolicy", "iam:CreateAccessKey", "iam:CreateLoginProfile"],
  ...["iam:DeleteRolePermissionsBoundary", "iam:AddUserToGroup", "iam:CreateRole", "iam:CreateUser", "iam:GetRole"],
  ...["iam:ListRoles", "lambda:CreateFunction", "lambda:UpdateFunctionCode", "lambda:InvokeFunction"],
  ...["ec2:RunInstances", "ec2:AssociateIamInstanceProfile", "ec2:TerminateInstances", "ec2:DescribeInstances"],
  ...[
    "ssm:SendCommand",
    "ssm:StartSession",
    "ssm:GetParameter",
    "cloudformation:CreateStack",
    "glue:CreateDevEndpoint",
  ],
  ...["secretsmanager:GetSecretValue", "kms:Decrypt", "kms:CreateGrant", "organizations:LeaveOrganization"],
  ...["s3:DeleteBucket", "s3:PutBucketPolicy", "s3:DeleteObject", "s3:PutObject", "s3:GetObject", "s3:ListBucket"],
  ...[
    "dynamodb:DeleteTable",
    "dynamodb:PutItem",
    "dynamodb:GetItem",
    "sqs:SendMessage",
    "sns:Publish",
    "logs:PutLogEvents",
  ],
  ...["cloudtrail:StopLogging", "ecr:GetAuthorizationToken", "sts:GetCallerIdentity", "cloudwatch:PutMetricData"],
];
