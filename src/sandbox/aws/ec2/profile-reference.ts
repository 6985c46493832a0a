import type { InstanceProfile } from "../account/entities.ts";
import { nameInArn } from "../account/identifiers.ts";
import { AwsFault } from "../fault.ts";
import type { Call } from "../handler.ts";

/**
 * The instance profile that `IamInstanceProfile.Name` or `.Arn` names, as far as EC2 has heard of it; undefined when the
 * call names none. EC2 learns of IAM's changes late, so with delayed visibility a profile just made is refused.
 * @throws AwsFault InvalidParameterValue for an unknown profile or one without a role, InvalidParameterCombination for both
 */
export function readProfileReference({ account, params }: Call): InstanceProfile | undefined {
  const name = params.get("IamInstanceProfile.Name");
  const arn = params.get("IamInstanceProfile.Arn");
  if (name === undefined && arn === undefined) {
    return undefined;
  }
  if (name !== undefined && arn !== undefined) {
    throw new AwsFault(
      "InvalidParameterCombination",
      400,
      "The parameter 'iamInstanceProfile.name' may not be used in combination with 'iamInstanceProfile.arn'",
    );
  }
  const profile = account.instanceProfileSeenByEc2(name ?? nameInArn(arn ?? ""));
  if (profile === undefined || (arn !== undefined && account.instanceProfileArn(profile) !== arn)) {
    const [given, parameter, word] = name === undefined ? [arn, "arn", "ARN"] : [name, "name", "name"];
    throw new AwsFault(
      "InvalidParameterValue",
      400,
      `Value (${given}) for parameter iamInstanceProfile.${parameter} is invalid. Invalid IAM Instance Profile ${word}`,
    );
  }
  if (profile.roleName === undefined) {
    throw new AwsFault(
      "InvalidParameterValue",
      400,
      `IAM Instance Profile "${account.instanceProfileArn(profile)}" has no associated IAM Roles`,
    );
  }
  return profile;
}
