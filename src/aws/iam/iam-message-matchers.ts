// Only the functions of this file and of ec2-message-matchers.ts classify errors by message; all others use the code.

/**
 * Detects a trust policy with a principal that IAM does not know (yet): a principal created seconds ago can be unknown for
 * minutes. The code is MalformedPolicyDocument, as for any invalid policy, so this checks the message. The error's reason is
 * `InvalidPrincipal`, which callers that know the age of the spec can treat as transient:
 * https://github.com/hashicorp/terraform-provider-aws/pull/12436 retries for two minutes.
 */
export function isInvalidPrincipal(code: string | undefined, message: string): boolean {
  return code === "MalformedPolicyDocument" && /invalid principal in policy/i.test(message);
}

/**
 * Detects NoSuchEntity for a managed policy or a boundary. A missing role appears after propagation; a missing policy must be
 * created by a user. The code is the same, so this checks the message ("Policy arn:… does not exist or is not attachable.",
 * "Scope ARN: …" for boundaries), except for CreateRole, which refers to nothing else.
 */
export function isMissingPolicy(operation: string, code: string | undefined, message: string): boolean {
  return (
    code === "NoSuchEntity" && (operation === "CreateRole" || /does not exist or is not attachable/i.test(message))
  );
}
