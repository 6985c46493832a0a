import { ownPolicyArn, placeInRoleArn } from "../../model/naming.ts";
import type { ObservedRole } from "../../model/observed-state.ts";
import { canBeOwned, type ExportedOwnPolicy } from "../../plan/exported-manifest.ts";
import type { Declarations, DeclaredManagedPolicy, DeclaredRole, Keys } from "./declared.ts";

/**
 * The managed policies that were declared for one role alone, which a manifest of the role owns. Others stay where they are: those of
 * several roles, users or groups, those of a role that is not in the input, permissions boundaries, and what a manifest cannot have.
 *
 * @param find the role with these keys
 */
export function ownPoliciesByRole(
  { managedPolicies, attachments, otherUses, roles }: Declarations,
  find: (keys: Keys) => DeclaredRole | undefined,
): ReadonlyMap<DeclaredRole, readonly DeclaredManagedPolicy[]> {
  const users = new Map<string, Set<DeclaredRole | undefined>>();
  const use = (policy: string, role: DeclaredRole | undefined): void =>
    void users.set(policy, (users.get(policy) ?? new Set()).add(role));
  for (const { policy, roleKeys } of attachments) if (typeof policy === "string") use(policy, find(roleKeys));
  for (const policy of otherUses) use(policy, undefined);
  for (const declared of roles) {
    if ("why" in declared.role) continue;
    if (declared.role.permissionsBoundaryArn !== undefined) use(declared.role.permissionsBoundaryArn, undefined);
    for (const arn of declared.role.managedPolicyArns) use(arn, declared);
  }
  const owned = managedPolicies.flatMap((policy) => {
    const [role, ...others] = users.get(policy.key) ?? [];
    if (role === undefined || "why" in role.role || others.length > 0) return [];
    return isWhole(policy) && canBeOwned(observedPolicy(policy, role.role)) ? [{ role, policy }] : [];
  });
  return new Map(
    [...Map.groupBy(owned, ({ role }) => role)].map(([role, all]) => [role, all.map(({ policy }) => policy)]),
  );
}

/** True for a policy of which the input has name and path, as its ARN has them. */
function isWhole({ key, name, path, isNameGenerated }: DeclaredManagedPolicy): boolean {
  return !isNameGenerated && (!key.startsWith("arn:") || key.endsWith(`:policy${path}${name}`));
}

/** The policy as IAM would show it beside the role, in the account of the role. */
export function observedPolicy(
  { name, path, description, document, tags }: DeclaredManagedPolicy,
  role: ObservedRole,
): ExportedOwnPolicy {
  const place = placeInRoleArn(role.arn) ?? { accountId: "*", partition: "aws" };
  return {
    presence: "present",
    arn: ownPolicyArn(place, path, name),
    policyId: "",
    tags,
    description,
    document: typeof document === "string" ? document : undefined,
    defaultVersionId: "v1",
    versionIds: ["v1"],
    usedBy: [],
  };
}
