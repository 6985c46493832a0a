import { asciiLowerCase } from "./policy/policy-json.ts";

/**
 * The key by which IAM compares names of roles and instance profiles: `App` and `app` are the same name
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html). For inline policies this is not documented, so decisions
 * about them must be correct in both cases.
 */
export function nameKey(name: string): string {
  return asciiLowerCase(name);
}

/** True when IAM treats the two names as the same. */
export function sameName(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && nameKey(one) === nameKey(other);
}

/** The name at the end of an IAM ARN, after the path. */
export function nameInArn(arn: string): string {
  return arn.slice(arn.lastIndexOf("/") + 1);
}
