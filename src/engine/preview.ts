import type { DesiredState } from "../model/desired-state.ts";
import { ABSENT, type ObservedState } from "../model/observed-state.ts";
import { diff } from "../plan/diff.ts";
import type { Blocker, Plan } from "../plan/plan.ts";
import { quotaBlockers } from "../plan/quota-blockers.ts";
import type { FreeNames } from "./free-names.ts";
import type { LastKnownRoles } from "./last-known-roles.ts";
import { observe } from "./observe.ts";
import { type InstanceObservation, observeInstances } from "./observe-instances.ts";
import type { IamReader } from "./ports.ts";
import type { QuotaWatch } from "./quota-watch.ts";
import type { RequiredBoundary } from "./required-boundary.ts";
import type { Settling } from "./settling.ts";
import { confirm, doubtOf, isResolved, type Sighting } from "./sighting.ts";

/** A plan and what it was made from. */
export interface Preview {
  /** As read. */
  readonly observed: ObservedState;
  /** As read, seen through our own recent writes. */
  readonly view: ObservedState;
  readonly plan: Plan;
  readonly settlesInMs: number;
}

/** What a look needs. */
export interface LookDependencies {
  readonly reader: IamReader;
  readonly settling: Settling;
  /** What a sweep has just seen of this very object; spares most reads. */
  readonly sighting?: Sighting | undefined;
  readonly instances: InstanceObservation;
  /** What a sweep has seen on the roles; spares a deletion its lists. */
  readonly lastKnownRoles?: LastKnownRoles;
  /** What IAM allows the account; without it IAM is asked, and refuses. */
  readonly quotas?: QuotaWatch;
  /** What the class of the object puts on its roles; unset: nothing. */
  readonly boundary?: RequiredBoundary | undefined;
}

/** Somebody may have made room since the last sweep. */
const QUOTAS_BELIEVED_MS = 60_000;

const NOTHING: ObservedState = { role: ABSENT, instanceProfile: ABSENT };

/**
 * Observe and plan, without a writer in reach. With a sighting only its doubtful parts are read, as long as the plan is about
 * nothing else. What is known to be over a quota is blocked, once the quotas have been read anew.
 */
export async function preview(desired: DesiredState, deps: LookDependencies, signal: AbortSignal): Promise<Preview> {
  return withinLimits(desired, await look(desired, deps, signal), deps, signal);
}

/**
 * The plan for an object of whose names a sweep has seen nothing, without a read of IAM: everything is made. It begins with CreateRole,
 * and what follows on a role or a profile follows on its creation, so that nothing is written to what was there before.
 *
 * Undefined where that is not to be presumed: IAM may be behind our own writes, somebody may have come first to a name, or
 * what is there shall be adopted, which has to be announced before the first write.
 */
export async function previewUnseen(
  desired: DesiredState,
  { freeNames, ...deps }: LookDependencies & { readonly freeNames?: FreeNames | undefined },
  signal: AbortSignal,
): Promise<Preview | undefined> {
  if (freeNames === undefined || desired.presence === "absent" || desired.mayAdopt) return undefined;
  if (deps.settling.view(desired, NOTHING).settlesInMs > 0 || !freeNames.take(desired)) return undefined;
  return withinLimits(desired, await planFor(desired, NOTHING, deps, signal), deps, signal);
}

/** Nothing of a plan that puts a missing boundary on a role is written: what it takes away first would be lost, and nothing be given. */
function boundaryBlockers({ actions }: Plan, boundary: RequiredBoundary | undefined): readonly Blocker[] {
  const fault = boundary?.fault;
  if (fault === undefined || !actions.some((action) => boundary?.isSetBy(action))) return [];
  return [{ reason: fault.reason, message: fault.message }];
}

async function withinLimits(
  desired: DesiredState,
  found: Preview,
  { quotas, boundary }: LookDependencies,
  signal: AbortSignal,
): Promise<Preview> {
  const missing = boundaryBlockers(found.plan, boundary);
  if (missing.length > 0) return { ...found, plan: { ...found.plan, blockers: [...found.plan.blockers, ...missing] } };
  const { actions, blockers } = found.plan;
  if (quotas === undefined || desired.presence === "absent" || actions.length === 0 || blockers.length > 0)
    return found;
  if (quotaBlockers(desired, found.plan, quotas.current).length === 0) return found;
  const current = await quotas.refresh(QUOTAS_BELIEVED_MS, signal);
  return { ...found, plan: { ...found.plan, blockers: quotaBlockers(desired, found.plan, current) } };
}

async function look(desired: DesiredState, deps: LookDependencies, signal: AbortSignal): Promise<Preview> {
  const { reader, sighting, lastKnownRoles } = deps;
  const known = desired.presence === "absent" ? lastKnownRoles?.take(desired.roleName) : undefined;
  if (known !== undefined) {
    const found = await planFor(desired, await observe(desired, reader, signal, known), deps, signal);
    // What was in the way may have gone since: only a fresh look holds a deletion up.
    if (found.plan.blockers.length === 0) return found;
  }
  if (sighting !== undefined && desired.presence === "present") {
    const found = await planFor(desired, await confirm(sighting, desired, reader, signal), deps, signal);
    if (isResolved(doubtOf(found.plan), sighting.doubt)) return found;
  }
  return planFor(desired, await observe(desired, reader, signal), deps, signal);
}

async function planFor(
  desired: DesiredState,
  observed: ObservedState,
  { settling, instances }: LookDependencies,
  signal: AbortSignal,
): Promise<Preview> {
  const { state, settlesInMs, mayHide } = settling.view(desired, observed);
  const view = await observeInstances(desired, state, instances, signal);
  const plan = diff(desired, view);
  const isUnproved = mayHide && desired.presence === "absent";
  const lags = settlesInMs > 0 && JSON.stringify(plan) !== JSON.stringify(diff(desired, { ...view, ...observed }));
  return { observed, view, plan, settlesInMs: lags || isUnproved ? settlesInMs : 0 };
}
