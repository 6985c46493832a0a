import { compareAccess } from "../../model/access/compare-access.ts";
import type { ObservedState } from "../../model/observed-state.ts";
import { TAG_PREFIX } from "../../model/ownership.ts";
import { policyJson, readPolicy } from "../../model/policy/policy-document.ts";
import type { Action } from "../action.ts";
import { applyAction } from "../simulate.ts";
import { type AccessReport, accessReport, type Verdict, worstVerdict } from "./access-report.ts";
import { accessLine } from "./access-text.ts";
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
function addsExternalRole(action: Action): boolean {
  return action.kind === "AddRoleToInstanceProfile" && action.isExternal === true;
}

/**
 * True for a write that removes grants, trust or an association; false for a write that only adds, and for the controller's own tags.
 * Overwriting a tag of the user counts, because policies can grant access by its value.
 */
export function removesAccess(action: Action): boolean {
  switch (action.kind) {
    case "PutRolePolicy":
    case "UpdateAssumeRolePolicy":
    case "CreatePolicyVersion":
      return action.changes.some((line) => !line.startsWith("+"));
    case "UpdateRole":
      return action.changes.some((line) => line.startsWith("~ maxSessionDurationSeconds"));
    case "TagRole":
    case "TagInstanceProfile":
    case "TagPolicy":
      return hasUserKey(Object.keys(action.tags));
    case "UntagRole":
    case "UntagInstanceProfile":
    case "UntagPolicy":
      return hasUserKey(action.tagKeys);
    case "PutRolePermissionsBoundary":
    case "DeleteRole":
    case "DeleteRolePolicy":
    case "DetachRolePolicy":
    case "DeleteInstanceProfile":
    case "RemoveRoleFromInstanceProfile":
    case "ReplaceIamInstanceProfileAssociation":
    case "DisassociateIamInstanceProfile":
      return true;
    case "CreateRole":
    case "DeleteRolePermissionsBoundary":
    case "AttachRolePolicy":
    case "CreateInstanceProfile":
    case "AddRoleToInstanceProfile":
    case "AssociateIamInstanceProfile":
    case "CreateTags":
    case "DeleteTags":
    case "CreatePolicy":
    // A policy is detached before it is deleted, and another version than the default one grants nothing.
    case "DeletePolicy":
    case "DeletePolicyVersion":
      return false;
  }
}

function hasUserKey(keys: readonly string[]): boolean {
  return keys.some((key) => !key.startsWith(TAG_PREFIX));
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
  const from = observedAccess(before.role, NONE_READ);
  const to = observedAccess(after(before, actions).role, NONE_READ);
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
