import type { DesiredState } from "../../model/desired-state.ts";
import type { ObservedState } from "../../model/observed-state.ts";
import { diff } from "../../plan/diff.ts";
import type { Blocker, Plan } from "../../plan/plan.ts";
import { quotaBlockers } from "../../plan/quota-blockers.ts";
import { type InstanceObservation, observeInstances } from "../observe/observe-instances.ts";
import type { QuotaSource } from "../observe/quota-cache.ts";
import type { OverlaidState, RecentWrites } from "../observe/recent-writes.ts";
import type { RequiredBoundary } from "./required-boundary.ts";

/** A plan and the state that it was computed from. */
export interface Planned {
  /** As read. */
  readonly observed: ObservedState;
  /** As read, with the recent writes laid over it. */
  readonly view: ObservedState;
  readonly plan: Plan;
  /** How long until the last recent write must be visible; 0 when the reads do not contradict the recent writes. */
  readonly visibleInMs: number;
}

/** The dependencies of {@link planFor}. */
export interface PlanDependencies {
  /** The controller's own recent writes; unset: none. */
  readonly recentWrites?: RecentWrites;
  readonly instances: InstanceObservation;
  /** The account's quotas; unset: unknown, so that only IAM enforces them. */
  readonly quotas?: QuotaSource;
  /** The permissions boundary that the class sets on its roles; unset: none. */
  readonly boundary?: RequiredBoundary | undefined;
  /** Blockers for what IAM rejects of the spec in every account. Called only for a plan that writes a policy; unset: none. */
  readonly refusedByIam?: () => readonly Blocker[];
  /** The plan is shown and not executed, as by `plan` and DryRun, so that a policy which IAM rejects always blocks it. */
  readonly isForecast?: boolean;
}

/** The maximum age of quotas that block a plan: another client may have freed some since the last scan. */
const QUOTAS_MAX_AGE_MS = 60_000;

/**
 * The planning pipeline of the controller, DryRun and the command `plan`: observed state → recent writes → instances →
 * diff with ownership → what IAM rejects in every account → quotas. A plan that is known to fail half-way has blockers,
 * so that none of it is written.
 *
 * Errors: those of reading instances and quotas.
 */
export async function planFor(
  desired: DesiredState,
  observed: ObservedState,
  deps: PlanDependencies,
  signal: AbortSignal,
): Promise<Planned> {
  const { recentWrites, instances } = deps;
  const { state, visibleInMs, hasUnconfirmedCreate } =
    recentWrites?.overlay(desired, observed) ?? withoutRecentWrites(observed);
  const view = await observeInstances(desired, state, instances, signal);
  const plan = diff(desired, view);
  const isUnproved = hasUnconfirmedCreate && desired.presence === "absent";
  const lags = visibleInMs > 0 && JSON.stringify(plan) !== JSON.stringify(diff(desired, { ...view, ...observed }));
  const blockers = await furtherBlockers(desired, plan, deps, signal);
  return {
    observed,
    view,
    plan: blockers.length === 0 ? plan : { ...plan, blockers },
    visibleInMs: lags || isUnproved ? visibleInMs : 0,
  };
}

function withoutRecentWrites(state: ObservedState): OverlaidState {
  return { state, visibleInMs: 0, hasUnconfirmedCreate: false };
}

/**
 * Blocks a plan that sets a missing boundary on a role: it would remove permissions first, and then fail to grant the
 * new ones.
 */
function boundaryBlockers({ actions }: Plan, boundary: RequiredBoundary | undefined): readonly Blocker[] {
  const fault = boundary?.fault;
  if (fault === undefined || !actions.some((action) => boundary?.isSetBy(action))) return [];
  return [{ reason: fault.reason, message: fault.message }];
}

/**
 * Blockers for writes that are known to fail although the object owns what it writes; empty for a plan that writes
 * nothing or is blocked already.
 */
async function furtherBlockers(
  desired: DesiredState,
  plan: Plan,
  deps: PlanDependencies,
  signal: AbortSignal,
): Promise<readonly Blocker[]> {
  const { quotas, boundary } = deps;
  const missing = boundaryBlockers(plan, boundary);
  if (missing.length > 0) return [...plan.blockers, ...missing];
  if (desired.presence === "absent" || plan.actions.length === 0 || plan.blockers.length > 0) return [];
  const refused = invalidPolicyBlockers(plan, deps);
  if (refused.length > 0 || quotas === undefined) return refused;
  if (quotaBlockers(desired, plan, await quotas.known(signal)).length === 0) return [];
  return quotaBlockers(desired, plan, await quotas.refresh(QUOTAS_MAX_AGE_MS, signal));
}

/**
 * Blocks the creation of a role without the policy that IAM rejects. The plan for a role that exists is executed: it sets the boundary
 * and removes access before it writes the policy, and an invalid policy must not put that off.
 */
function invalidPolicyBlockers(
  { actions }: Plan,
  { refusedByIam, isForecast = false }: PlanDependencies,
): readonly Blocker[] {
  const kinds = new Set(actions.map(({ kind }) => kind));
  const isCreation = kinds.has("CreateRole");
  const writesPolicy = isCreation || kinds.has("PutRolePolicy") || kinds.has("UpdateAssumeRolePolicy");
  return writesPolicy && (isForecast || isCreation) ? (refusedByIam?.() ?? []) : [];
}
