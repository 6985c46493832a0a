/**
 * EC2 does not know the profile, or not yet with its role: it hears of IAM's changes some seconds late, up to a minute
 * (https://github.com/eksctl-io/eksctl/issues/8039). By its code that is any bad parameter, so EC2's words must tell.
 */
export function isUnknownInstanceProfile(operation: string, code: string | undefined, message: string): boolean {
  if (!operation.endsWith("IamInstanceProfile") && !operation.endsWith("IamInstanceProfileAssociation")) return false;
  if (code === "NoSuchEntity") return true;
  return code === "InvalidParameterValue" && /invalid iam instance profile|has no associated iam roles/i.test(message);
}
