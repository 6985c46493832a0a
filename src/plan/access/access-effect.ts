import { compareAccess } from "../../model/access/compare-access.ts";
import type { ObservedState } from "../../model/observed-state.ts";
import type { Action } from "../action.ts";
import { applyAction } from "../simulate.ts";
import { type Verdict, worstVerdict } from "./access-report.ts";
import { accessLine } from "./access-text.ts";
import { type CompareAccess, compareRoles } from "./compare-roles.ts";
import { addsExternalRole, changesAccess, plannedAccess } from "./planned-access.ts";
import { type ManagedPolicies, observedAccess } from "./role-access.ts";

/** A reconcile must not take long: what this does not decide, it calls undecided. */
const MAX_STEPS = 20_000;

/** The controller reads no managed policies. */
const NONE_READ: ManagedPolicies = new Map();

const compare: CompareAccess = (from, to) => compareAccess(from, to, { maxSteps: MAX_STEPS });

/** What the writes newly grant, in one line, as the controller knows it; undefined for writes that change no access. */
export function grantedLine(before: ObservedState, actions: readonly Action[]): string | undefined {
  if (!actions.some(changesAccess)) return undefined;
  return accessLine(plannedAccess(before, actions, NONE_READ, compare));
}

/**
 * What the writes did to the access of a role that existed before: `access widened`, `narrowed`, both, or `unchanged`. Undefined for writes
 * that change no access, and for a new role.
 */
export function accessEffect(before: ObservedState, actions: readonly Action[]): string | undefined {
  if (before.role.presence === "absent" || !actions.some(changesAccess) || actions.some(addsExternalRole))
    return undefined;
  const after = actions.reduce((state, action) => applyAction(state, action), before);
  const [from, to] = [observedAccess(before.role, NONE_READ), observedAccess(after.role, NONE_READ)];
  const effects = [
    ...effect(verdictOf(compareRoles(from, to, compare)), "widened"),
    ...effect(verdictOf(compareRoles(to, from, compare)), "narrowed"),
  ];
  return `access ${effects.length === 0 ? "unchanged" : effects.join(" and ")}`;
}

function effect(verdict: Verdict, name: string): readonly string[] {
  if (verdict === "no-new-access") return [];
  return [verdict === "undecided" ? `possibly ${name}` : name];
}

function verdictOf({ permissions, trust }: ReturnType<typeof compareRoles>): Verdict {
  return worstVerdict([permissions.comparison.verdict, trust.comparison.verdict]);
}
