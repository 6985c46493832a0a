// The only places that decide by AWS's words; everything else goes by codes.

/**
 * IAM refuses a trust policy that names a principal which it does not know (yet): a principal made seconds ago is unknown
 * for up to minutes. By its code that is MalformedPolicyDocument like any broken policy, so IAM's words must tell. The
 * error's reason is `InvalidPrincipal`, by which whoever knows the age of the spec may take it for passing:
 * https://github.com/hashicorp/terraform-provider-aws/pull/12436 retries for two minutes.
 */
export function isInvalidPrincipal(code: string | undefined, message: string): boolean {
  return code === "MalformedPolicyDocument" && /invalid principal in policy/i.test(message);
}

/**
 * NoSuchEntity about a managed policy or a boundary. A role appears by itself; a policy is somebody's to make. The code is
 * the same for both, so IAM's words must tell ("Policy arn:… does not exist or is not attachable.", "Scope ARN: …" for
 * boundaries), save for CreateRole, which has nothing else to miss.
 */
export function isMissingPolicy(operation: string, code: string | undefined, message: string): boolean {
  return (
    code === "NoSuchEntity" && (operation === "CreateRole" || /does not exist or is not attachable/i.test(message))
  );
}
