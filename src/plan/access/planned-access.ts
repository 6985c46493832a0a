import type { ObservedState } from "../../model/observed-state.ts";
import { policyJson, readPolicy } from "../../model/policy/policy-document.ts";
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
    case "CreatePolicyVersion":
      return true;
    default:
      return addsExternalRole(action);
  }
}

/** True for a write that gives instances a role that others manage. */
export function addsExternalRole(action: Action): boolean {
  return action.kind === "AddRoleToInstanceProfile" && action.isExternal === true;
}

/**
 * The managed policies and the boundary that a role has before or after the writes, without those of the object itself: what is not read of
 * them is not known.
 */
export function managedArnsOf(before: ObservedState, actions: readonly Action[]): readonly string[] {
  const states = [before, after(before, actions)];
  const own = new Set(states.flatMap(({ managedPolicies = [] }) => managedPolicies.map(({ arn }) => arn)));
  const arns = states.flatMap(({ role }) =>
    role.presence === "absent" ? [] : [...role.managedPolicyArns, role.permissionsBoundaryArn],
  );
  return [...new Set(arns.filter((arn) => arn !== undefined && !own.has(arn)))]
    .filter((arn) => arn !== undefined)
    .sort();
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
  const then = after(before, actions);
  const from = observedAccess(before.role, withOwnPolicies(managed, before));
  const to = observedAccess(then.role, withOwnPolicies(managed, then));
  return accessReport(compareRoles(from, to, compare));
}

/** The documents with those of the object's own managed policies, which a state has. */
function withOwnPolicies(managed: ManagedPolicies, { managedPolicies = [] }: ObservedState): ManagedPolicies {
  const own = managedPolicies.flatMap(({ arn, document }) => {
    const json = document === undefined ? undefined : policyJson(readPolicy(document, "permissions"));
    return json === undefined ? [] : [[arn, json] as const];
  });
  return new Map([...managed, ...own]);
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
