import { asciiLowerCase } from "./policy/policy-json.ts";

/**
 * What IAM compares names of roles and instance profiles by: to it, `App` and `app` are one
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html). Of inline policies nothing says so; whatever is
 * decided by this must be right in either case.
 */
export function nameKey(name: string): string {
  return asciiLowerCase(name);
}

/** True when IAM takes the two names for one. */
export function sameName(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && nameKey(one) === nameKey(other);
}

/** The name at the end of an IAM ARN, behind the path. */
export function nameInArn(arn: string): string {
  return arn.slice(arn.lastIndexOf("/") + 1);
}
