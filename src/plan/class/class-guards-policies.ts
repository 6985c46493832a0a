import type { InstanceProfileSpec, OwnPolicySpec } from "../../api/instance-profile.ts";
import { sameName } from "../../model/naming.ts";
import { placeInArn } from "../../model/own-policies.ts";
import { showValue } from "../../model/policy/policy-elements.ts";
import { type Bounds, filledIn, type Violation } from "./class-bounds.ts";
import { classTitle, violation } from "./class-messages.ts";

/**
 * Checks whether the class allows managed policies of an object itself, and their names and paths. What they grant is checked as for the
 * other policies of the object.
 */
export function guardOwnPolicies(
  { managedPolicies, path }: Pick<InstanceProfileSpec, "managedPolicies" | "path">,
  bounds: Bounds,
): readonly Violation[] {
  return managedPolicies.flatMap((policy, index) => {
    const why = whyNot(policy, policy.path ?? path, bounds);
    if (why === undefined) return [];
    const message = `spec.managedPolicies[${index}]${why}`;
    return [violation("ManagedPolicyNotAllowed", message, { kind: "ownPolicy", name: policy.name })];
  });
}

/** The field and the reason; undefined for a policy that the class allows. */
function whyNot({ name }: Pick<OwnPolicySpec, "name">, path: string, bounds: Bounds): string | undefined {
  const { allowManagedPolicies, roleNamePrefix, path: classPath, permissionsBoundaryArn } = bounds.class.spec;
  const title = classTitle(bounds);
  if (!allowManagedPolicies) {
    return `: ${title} does not allow objects to create managed policies. Write an inline policy instead.`;
  }
  const prefix = roleNamePrefix === undefined ? "" : filledIn(roleNamePrefix, bounds);
  if (!name.startsWith(prefix)) {
    return `.name ${name} does not begin with ${prefix}, as ${title} requires. Use another name.`;
  }
  const required = classPath === undefined ? path : filledIn(classPath, bounds);
  if (path !== required) {
    return `.path is ${showValue(path)}, and ${title} requires ${showValue(required)}. Remove the field.`;
  }
  if (isBoundary(name, permissionsBoundaryArn)) {
    return `.name ${name} is that of the permissions boundary of ${title}. Use another name.`;
  }
  return undefined;
}

/** Names of policies are unique whatever the path. */
function isBoundary(name: string, boundaryArn: string | undefined): boolean {
  return boundaryArn !== undefined && sameName(placeInArn(boundaryArn).name, name);
}

/** True for an attached policy of the object itself whose name and path the class allows. */
export function allowsOwnPolicy(arn: string, bounds: Bounds): boolean {
  const { name, path } = placeInArn(arn);
  return whyNot({ name }, path, bounds) === undefined;
}
