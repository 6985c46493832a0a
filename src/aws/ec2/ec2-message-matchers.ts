/**
 * Detects that EC2 does not know the profile yet, or not its role: EC2 sees changes in IAM after some seconds, up to a minute
 * (https://github.com/eksctl-io/eksctl/issues/8039). The error code is that of any invalid parameter, so this checks the message.
 */
export function isUnknownInstanceProfile(operation: string, code: string | undefined, message: string): boolean {
  if (!operation.endsWith("IamInstanceProfile") && !operation.endsWith("IamInstanceProfileAssociation")) return false;
  if (code === "NoSuchEntity") return true;
  return code === "InvalidParameterValue" && /invalid iam instance profile|has no associated iam roles/i.test(message);
}
