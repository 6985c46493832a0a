import type { InstanceProfile, ManagedPolicy, Role } from "../account/entities.ts";
import { AwsFault, found, noSuchEntity } from "../fault.ts";
import type { Call } from "../handler.ts";
import { awsManagedPolicy } from "../policy/aws-managed-policies.ts";

const missingRole = (name: string): AwsFault => noSuchEntity(`The role with name ${name} cannot be found.`);
const missingProfile = (name: string): AwsFault => noSuchEntity(`Instance Profile ${name} cannot be found.`);

/**
 * The role as readers see it.
 * @throws AwsFault NoSuchEntity
 */
export function visibleRole({ account }: Call, name: string): Role {
  return found(account.roles.visible(name), () => missingRole(name));
}

/**
 * The role as a write finds it.
 * @throws AwsFault NoSuchEntity
 */
export function writableRole({ account }: Call, name: string): Role {
  return found(account.roles.writable(name), () => missingRole(name));
}

/**
 * A role that a customer may change.
 * @throws AwsFault NoSuchEntity, or UnmodifiableEntity for a service-linked role
 */
export function modifiableRole(call: Call, name: string): Role {
  const role = writableRole(call, name);
  if (role.path.startsWith("/aws-service-role/")) {
    throw new AwsFault(
      "UnmodifiableEntity",
      400,
      `Cannot perform the operation on the protected role '${role.name}' - this role is only modifiable by AWS`,
    );
  }
  return role;
}

/**
 * The instance profile as readers see it.
 * @throws AwsFault NoSuchEntity
 */
export function visibleProfile({ account }: Call, name: string): InstanceProfile {
  return found(account.instanceProfiles.visible(name), () => missingProfile(name));
}

/**
 * The instance profile as a write finds it.
 * @throws AwsFault NoSuchEntity
 */
export function writableProfile({ account }: Call, name: string): InstanceProfile {
  return found(account.instanceProfiles.writable(name), () => missingProfile(name));
}

/** A managed policy of the customer or of AWS, as readers see it; undefined when there is none. */
export function visiblePolicy({ account }: Call, arn: string): ManagedPolicy | undefined {
  return account.policies.visible(arn) ?? awsManagedPolicy(arn, account.settings.partition);
}

/** A managed policy of the customer or of AWS, as a write finds it; undefined when there is none. */
function writablePolicy({ account }: Call, arn: string): ManagedPolicy | undefined {
  return account.policies.writable(arn) ?? awsManagedPolicy(arn, account.settings.partition);
}

/** Whether a policy is AWS's own. */
export const isAwsManaged = (arn: string): boolean => /^arn:[\w-]+:iam::aws:policy\//.test(arn);

/**
 * Checks that a policy can be attached or be a boundary.
 * @throws AwsFault InvalidInput for what is no policy ARN, NoSuchEntity, PolicyNotAttachable for policies of service-linked roles
 */
export function requireAttachable(call: Call, arn: string): void {
  if (!/^arn:[\w-]+:iam::(\d{12}|aws):policy\/.+$/.test(arn)) {
    throw new AwsFault("InvalidInput", 400, `ARN ${arn} is not valid.`);
  }
  if (/^arn:[\w-]+:iam::aws:policy\/aws-service-role\//.test(arn)) {
    throw new AwsFault("PolicyNotAttachable", 400, "Cannot attach a Service Role Policy to a Customer Role.");
  }
  if (writablePolicy(call, arn) === undefined) {
    throw noSuchEntity(`Policy ${arn} does not exist or is not attachable.`);
  }
}
