import type { DesiredState } from "../../model/desired-state.ts";
import type { ObservedState } from "../../model/observed-state.ts";
import { diff } from "../../plan/diff.ts";
import type { Blocker, Plan } from "../../plan/plan.ts";
import { quotaBlockers } from "../../plan/quota-blockers.ts";
import { type InstanceObservation, observeInstances } from "../observe/observe-instances.ts";
import type { QuotaSource } from "../observe/quota-cache.ts";
import type { RecentWrites } from "../observe/recent-writes.ts";
import type { RequiredBoundary } from "./required-boundary.ts";

/** A plan and what it was made from. */
export interface Planned {
  /** As read. */
  readonly observed: ObservedState;
  /** As read, with our own recent writes laid over it. */
  readonly view: ObservedState;
  readonly plan: Plan;
  /** How long until the last of our recent writes must be visible; 0 when what was read does not contradict them. */
  readonly visibleInMs: number;
}

/** What a plan is made with. */
export interface PlanDependencies {
  /** Our own recent writes; unset: there are none. */
  readonly recentWrites?: RecentWrites;
  readonly instances: InstanceObservation;
  /** What IAM allows the account; unset: unknown, and IAM itself refuses. */
  readonly quotas?: QuotaSource;
  /** What the class of the object puts on its roles; unset: nothing. */
  readonly boundary?: RequiredBoundary | undefined;
  /** What IAM refuses in every account of the spec that the plan is for. Asked only for a plan that writes; unset: nothing. */
  readonly refusedByIam?: () => readonly Blocker[];
}

/** Another client may have made room since the last scan. */
const QUOTAS_BELIEVED_MS = 60_000;

/**
 * The one planning pipeline, for the controller, DryRun and the command `plan`: what was read → our recent writes laid over it →
 * instances → diff with ownership → what IAM refuses in every account → quotas. Nothing of a plan is written that would fail
 * half-way, as far as that is known.
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
  const { state, visibleInMs, mayHide } = recentWrites?.overlay(desired, observed) ?? NO_RECENT_WRITES(observed);
  const view = await observeInstances(desired, state, instances, signal);
  const plan = diff(desired, view);
  const isUnproved = mayHide && desired.presence === "absent";
  const lags = visibleInMs > 0 && JSON.stringify(plan) !== JSON.stringify(diff(desired, { ...view, ...observed }));
  const blockers = await furtherBlockers(desired, plan, deps, signal);
  return {
    observed,
    view,
    plan: blockers.length === 0 ? plan : { ...plan, blockers },
    visibleInMs: lags || isUnproved ? visibleInMs : 0,
  };
}

const NO_RECENT_WRITES = (state: ObservedState) => ({ state, visibleInMs: 0, mayHide: false });

/** Nothing of a plan that puts a missing boundary on a role is written: what it removes first would be lost, and nothing be granted. */
function boundaryBlockers({ actions }: Plan, boundary: RequiredBoundary | undefined): readonly Blocker[] {
  const fault = boundary?.fault;
  if (fault === undefined || !actions.some((action) => boundary?.isSetBy(action))) return [];
  return [{ reason: fault.reason, message: fault.message }];
}

/** What is known to fail although the object owns what it writes; empty for a plan that writes nothing or is blocked already. */
async function furtherBlockers(
  desired: DesiredState,
  plan: Plan,
  { quotas, refusedByIam, boundary }: PlanDependencies,
  signal: AbortSignal,
): Promise<readonly Blocker[]> {
  const missing = boundaryBlockers(plan, boundary);
  if (missing.length > 0) return [...plan.blockers, ...missing];
  if (desired.presence === "absent" || plan.actions.length === 0 || plan.blockers.length > 0) return [];
  const refused = refusedByIam?.() ?? [];
  if (refused.length > 0 || quotas === undefined) return refused;
  if (quotaBlockers(desired, plan, await quotas.known(signal)).length === 0) return [];
  return quotaBlockers(desired, plan, await quotas.refresh(QUOTAS_BELIEVED_MS, signal));
}
