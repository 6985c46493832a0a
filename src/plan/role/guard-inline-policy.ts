import { readAppliedRecord, recordsInlinePolicy } from "../../model/applied-record.ts";
import type { DesiredInlinePolicy, DesiredPresent } from "../../model/desired-state.ts";
import { sameName } from "../../model/naming.ts";
import type { ObservedRole } from "../../model/observed-state.ts";
import { ownershipOf } from "../../model/ownership.ts";
import { readPolicy, samePolicy } from "../../model/policy/policy-document.ts";
import type { Blocker } from "../plan.ts";

/**
 * Blocks a plan that would overwrite an unmanaged inline policy with the name that the spec uses: it may hold a Deny. The applied record
 * tells which policies are the controller's; it has the name of a policy before the policy is written.
 *
 * It does not block an adoption, which is reported before it changes anything, nor `unmanagedPolicies: Remove`, nor a policy that is
 * equivalent to the spec.
 */
export function guardInlinePolicy(desired: DesiredPresent, observed: ObservedRole): readonly Blocker[] {
  if (desired.removesUnmanaged || ownershipOf(observed.tags, desired.owner).kind !== "owned") return [];
  const { roleName, inlinePolicies } = desired.role;
  return inlinePolicies
    .filter((policy) => overwritesUnmanaged(policy, observed))
    .map(({ policyName }) => ({
      reason: "InlinePolicyNotOwned",
      message:
        `role ${roleName} has inline policy ${policyName}, which is unmanaged and would be overwritten. Delete the policy, give ` +
        "the one of the spec another name, or set unmanagedPolicies: Remove to overwrite it.",
    }));
}

function overwritesUnmanaged({ policyName, document }: DesiredInlinePolicy, observed: ObservedRole): boolean {
  const text = observed.inlinePolicyDocuments[policyName];
  if (text === undefined || samePolicy(readPolicy(text, "permissions"), document)) return false;
  const names = [policyName, ...observed.inlinePolicyNames.filter((name) => sameName(name, policyName))];
  return !recordsInlinePolicy(readAppliedRecord(observed.tags), names);
}
