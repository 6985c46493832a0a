import type { DesiredPresent } from "../../model/desired-state.ts";
import type { ObservedState } from "../../model/observed-state.ts";
import { policyJson, readPolicy } from "../../model/policy/policy-document.ts";
import { type Blocker, type Note, ROLE_NOT_ASSUMABLE } from "../plan.ts";
import { trustsEc2 } from "./ec2-trust-note.ts";

/** What stands against an external role in an instance profile, and what its reader should know. There are no writes to the role. */
export interface ExternalRoleGuard {
  readonly actions: readonly [];
  readonly blockers: readonly Blocker[];
  readonly notes: readonly Note[];
}

const NOTHING: ExternalRoleGuard = { actions: [], blockers: [], notes: [] };

/** Requires the external role to exist, and notes when EC2 cannot assume it. Nothing is read of a role that is taken out. */
export function guardExternalRole(
  { role, roleManagement }: DesiredPresent,
  observed: ObservedState,
): ExternalRoleGuard {
  if (roleManagement === "revoked") return NOTHING;
  const { roleName } = role;
  if (observed.role.presence === "absent") {
    const message =
      `role ${roleName} does not exist, and spec.role.management is External, so this object does not create it. Create the role; the ` +
      "controller then continues.";
    return { ...NOTHING, blockers: [{ reason: "RoleNotFound", message }] };
  }
  if (trustsEc2(policyJson(readPolicy(observed.role.trustPolicy, "trust")))) return NOTHING;
  const message =
    `external role ${roleName} does not trust EC2, so instances with the instance profile get no credentials. Allow the EC2 service to ` +
    "assume it, in the trust policy of the role.";
  return { ...NOTHING, notes: [{ reason: ROLE_NOT_ASSUMABLE, message }] };
}
