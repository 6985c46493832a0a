import { EC2_WRITES } from "./ec2/ec2-commands.ts";
import { EC2_READS } from "./ec2/ec2-reader.ts";
import { IAM_ACCOUNT_READS } from "./iam/account-reader.ts";
import { IAM_WRITES } from "./iam/iam-commands.ts";
import { IAM_BOUNDARY_READS, IAM_READS } from "./iam/iam-reader.ts";
import { IAM_OWN_POLICY_READS } from "./iam/own-policy-reader.ts";

// Permissions that IAM checks besides the called action: PassRole for AddRoleToInstanceProfile, and for EC2 associations. The
// tag actions, which creates with tags need, are also called on their own.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
const IMPLIED = ["iam:PassRole"];

/**
 * Every permission that the controller can need, sorted, as policies write them (`iam:GetRole`). STS GetCallerIdentity needs none.
 */
export const AWS_ACTIONS: readonly string[] = [
  ...new Set(
    [
      ...IAM_READS,
      ...IAM_BOUNDARY_READS,
      ...IAM_OWN_POLICY_READS,
      ...IAM_ACCOUNT_READS,
      ...Object.keys(IAM_WRITES),
    ].map((operation) => `iam:${operation}`),
  ),
  ...[...EC2_READS, ...Object.keys(EC2_WRITES)].map((operation) => `ec2:${operation}`),
  ...IMPLIED,
].sort();
