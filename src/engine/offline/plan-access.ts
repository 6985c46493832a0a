import { compareAccess } from "../../model/access/compare-access.ts";
import type { ObservedState } from "../../model/observed-state.ts";
import type { AccessReport } from "../../plan/access/access-report.ts";
import { changesAccess, managedArnsOf, NOTHING_NEW, plannedAccess } from "../../plan/access/planned-access.ts";
import type { ManagedPolicies } from "../../plan/access/role-access.ts";
import type { Plan } from "../../plan/plan.ts";
import type { IamReader } from "../ports.ts";

/** Reads the policy documents that a plan does not need and a report of its access does. */
export interface PolicyDocuments {
  readonly inline: IamReader["getRolePolicy"];
  /** The documents of managed policies; those that cannot be read are missing. */
  readonly managed: (policyArns: readonly string[], signal: AbortSignal) => Promise<ManagedPolicies>;
}

/**
 * What a plan newly grants; undefined for a plan that is in sync or blocked. Reads the policies of the role only when the plan changes one.
 *
 * Errors: those of the readers.
 */
export async function accessOfPlan(
  { actions, blockers }: Pick<Plan, "actions" | "blockers">,
  view: ObservedState,
  policies: PolicyDocuments,
  signal: AbortSignal,
): Promise<AccessReport | undefined> {
  if (blockers.length > 0 || actions.length === 0) return undefined;
  if (!actions.some(changesAccess) || actions.some(({ kind }) => kind === "DeleteRole")) return NOTHING_NEW;
  const before = await withInlinePolicies(view, policies, signal);
  const managed = await policies.managed(managedArnsOf(before, actions), signal);
  return plannedAccess(before, actions, managed, compareAccess);
}

/** The state with the documents of all inline policies: a plan compares only its own. */
async function withInlinePolicies(
  state: ObservedState,
  { inline }: PolicyDocuments,
  signal: AbortSignal,
): Promise<ObservedState> {
  const { role } = state;
  if (role.presence === "absent") return state;
  const missing = role.inlinePolicyNames.filter((name) => role.inlinePolicyDocuments[name] === undefined);
  const inlinePolicyDocuments: Record<string, string> = { ...role.inlinePolicyDocuments };
  for (const name of missing) {
    const text = await inline(role.roleName, name, signal);
    if (text !== undefined) inlinePolicyDocuments[name] = text;
  }
  return { ...state, role: { ...role, inlinePolicyDocuments } };
}
