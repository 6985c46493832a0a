import type { ObservedState } from "../../model/observed-state.ts";
import type { Action } from "../action.ts";
import { applyAction } from "../simulate.ts";
import { type AccessReport, accessReport } from "./access-report.ts";
import { type CompareAccess, compareRoles } from "./compare-roles.ts";
import { type ManagedPolicies, observedAccess } from "./role-access.ts";

/** True for a write that can change what a role may do or who may assume it. */
export function changesAccess(action: Action): boolean {
  switch (action.kind) {
    case "CreateRole":
    case "UpdateAssumeRolePolicy":
    case "PutRolePermissionsBoundary":
    case "DeleteRolePermissionsBoundary":
    case "PutRolePolicy":
    case "DeleteRolePolicy":
    case "AttachRolePolicy":
    case "DetachRolePolicy":
      return true;
    default:
      return addsExternalRole(action);
  }
}

/** True for a write that gives instances a role that others manage. */
export function addsExternalRole(action: Action): boolean {
  return action.kind === "AddRoleToInstanceProfile" && action.isExternal === true;
}

/** The managed policies and the boundary that a role has before or after the writes: what is not read of them is not known. */
export function managedArnsOf(before: ObservedState, actions: readonly Action[]): readonly string[] {
  const arns = [before, after(before, actions)].flatMap(({ role }) =>
    role.presence === "absent" ? [] : [...role.managedPolicyArns, role.permissionsBoundaryArn],
  );
  return [...new Set(arns.filter((arn) => arn !== undefined))].sort();
}

/** What the writes newly grant. */
export function plannedAccess(
  before: ObservedState,
  actions: readonly Action[],
  managed: ManagedPolicies,
  compare: CompareAccess,
): AccessReport {
  if (actions.some(addsExternalRole)) return OF_OTHERS;
  if (!actions.some(changesAccess)) return NOTHING_NEW;
  const from = observedAccess(before.role, managed);
  const to = observedAccess(after(before, actions).role, managed);
  return accessReport(compareRoles(from, to, compare));
}

const NONE = { verdict: "no-new-access", examples: [], undecided: [] } as const;

/** The report of writes that give instances a role of others: what it allows was given elsewhere. */
const OF_OTHERS: AccessReport = {
  verdict: "undecided",
  permissions: {
    verdict: "undecided",
    examples: [],
    undecided: [{ reason: "others manage the role, and what it allows is not compared" }],
  },
  trust: NONE,
};

/** The report of writes that change neither permissions nor trust, or only delete. */
export const NOTHING_NEW: AccessReport = { verdict: "no-new-access", permissions: NONE, trust: NONE };

function after(before: ObservedState, actions: readonly Action[]): ObservedState {
  return actions.reduce((state, action) => applyAction(state, action), before);
}
