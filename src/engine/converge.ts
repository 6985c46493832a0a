import { isPropagating } from "../errors.ts";
import type { DesiredState } from "../model/desired-state.ts";
import { nameKey } from "../model/naming.ts";
import type { ObservedState } from "../model/observed-state.ts";
import { diff } from "../plan/diff.ts";
import { isAdoption, type Plan } from "../plan/plan.ts";
import { quotaBlockers } from "../plan/quota-blockers.ts";
import { applyAction } from "../plan/simulate.ts";
import type { Attempts } from "./convergence-breaker.ts";
import type { Exclusive } from "./exclusive.ts";
import { type ExecutionReport, execute } from "./execute.ts";
import type { LastKnownRoles } from "./last-known-roles.ts";
import { observe } from "./observe.ts";
import { type InstanceObservation, observeInstances } from "./observe-instances.ts";
import type { IamReader, IamWriter } from "./ports.ts";
import type { QuotaWatch } from "./quota-watch.ts";
import type { Settling } from "./settling.ts";
import { confirm, doubtOf, type Sighting } from "./sighting.ts";
import { WhileCurrent } from "./while-current.ts";

/** What one pass over one object found and did. */
export interface Convergence {
  readonly plan: Plan;
  readonly report: ExecutionReport;
  /** AWS after the writes, as far as it is known without reading again. */
  readonly after: ObservedState;
  /**
   * Above 0: reads still contradict our own recent writes, may not yet show something of ours, or EC2 does not know the profile
   * yet; all is to be read again
   * after at most this time.
   */
  readonly settlesInMs: number;
  /** True when nothing was written because the user has yet to be told of an adoption. */
  readonly isAnnouncement: boolean;
}

/** What a pass needs. */
export interface ConvergeDependencies {
  readonly reader: IamReader;
  readonly writer: IamWriter;
  readonly settling: Settling;
  readonly adoptions: Exclusive;
  /** What a sweep has just seen of this very object; spares most reads. */
  readonly sighting?: Sighting | undefined;
  readonly instances: InstanceObservation;
  /**
   * Called before each write of a pass; raises when the object the plan was made from is no longer current, so that an old
   * copy of it cannot write. It knows itself for how long what it has seen is good.
   */
  readonly confirmCurrent: (signal: AbortSignal) => Promise<void>;
  /** What a sweep has seen on the roles; spares a deletion its lists. */
  readonly lastKnownRoles?: LastKnownRoles;
  /** What IAM allows the account; without it IAM is asked, and refuses. */
  readonly quotas?: QuotaWatch;
  /** Knows what was written in vain; without it everything is written as often as it differs. */
  readonly attempts?: Attempts;
  /** Whether the user has been told what such a plan, which adopts, will change. */
  readonly isAnnounced: (plan: Plan) => boolean;
}

/** Somebody may have made room since the last sweep. */
const QUOTAS_BELIEVED_MS = 60_000;

const NOTHING_DONE: ExecutionReport = { applied: [], failed: undefined, refused: [] };

/**
 * Observe, plan, execute: one pass. Writes nothing when the plan is empty or blocked, or adopts and has not been announced.
 * What would be adopted is looked at once more when no other adoption under way has its name.
 *
 * Errors: those of the reads and of `confirmCurrent`; failing writes are in the report.
 */
export async function converge(
  desired: DesiredState,
  deps: ConvergeDependencies,
  signal: AbortSignal,
): Promise<Convergence> {
  const found = await preview(desired, deps, signal);
  if (!isToBeAnnounced(found.plan)) return carryOut(desired, found, deps, signal);
  if (!deps.isAnnounced(found.plan)) return nothingDone(found, true);
  const { sighting: _, ...anew } = deps;
  return deps.adoptions.run(namesOf(desired), async () => {
    const again = await preview(desired, anew, signal);
    const isNews = isToBeAnnounced(again.plan) && !deps.isAnnounced(again.plan);
    return isNews ? nothingDone(again, true) : carryOut(desired, again, deps, signal);
  });
}

function isToBeAnnounced({ actions, blockers }: Plan): boolean {
  return blockers.length === 0 && actions.some(isAdoption);
}

function nothingDone({ observed, view, plan, settlesInMs }: Preview, isAnnouncement: boolean): Convergence {
  const after = plan.blockers.length > 0 ? observed : view;
  return { plan, report: NOTHING_DONE, after, settlesInMs, isAnnouncement };
}

async function carryOut(
  desired: DesiredState,
  found: Preview,
  deps: ConvergeDependencies,
  signal: AbortSignal,
): Promise<Convergence> {
  const { view } = found;
  const plan = deps.attempts?.judge(found.plan, found.settlesInMs === 0) ?? found.plan;
  if (plan.blockers.length > 0 || plan.actions.length === 0) return nothingDone({ ...found, plan }, false);
  const writer = new WhileCurrent(deps.writer, deps.confirmCurrent);
  const report = await execute(plan, writer, signal);
  const sent = writer.sentOf(report);
  deps.settling.record(view, sent);
  deps.lastKnownRoles?.forget(roleNameOf(desired));
  if (report.failed === undefined) deps.attempts?.carriedOut(plan);
  deps.instances.snapshots.record(sent);
  writer.assertCurrent();
  const after = report.applied.reduce(
    (state, { action, outcome }) => applyAction(state, action, outcome.created),
    view,
  );
  const settlesInMs = waitsForMs(desired, after, report, deps.settling);
  return { plan, report, after, settlesInMs, isAnnouncement: false };
}

/**
 * An object must not be let go while what was made for it may still come to light; and EC2 may not know yet what was made of
 * late.
 */
function waitsForMs(
  desired: DesiredState,
  after: ObservedState,
  { failed }: ExecutionReport,
  settling: Settling,
): number {
  const { mayHide, settlesInMs } = settling.view(desired, after);
  const isUnproved = mayHide && desired.presence === "absent";
  return isUnproved || isPropagating(failed?.error) ? settlesInMs : 0;
}

/** A plan and what it was made from. */
export interface Preview {
  /** As read. */
  readonly observed: ObservedState;
  /** As read, seen through our own recent writes. */
  readonly view: ObservedState;
  readonly plan: Plan;
  readonly settlesInMs: number;
}

type LookDependencies = Pick<
  ConvergeDependencies,
  "reader" | "settling" | "sighting" | "quotas" | "lastKnownRoles" | "instances"
>;

/**
 * Observe and plan, without a writer in reach. With a sighting only its doubtful part is read, as long as the plan is about
 * nothing else. What is known to be over a quota is blocked, once the quotas have been read anew.
 */
export async function preview(desired: DesiredState, deps: LookDependencies, signal: AbortSignal): Promise<Preview> {
  const found = await look(desired, deps, signal);
  const { quotas } = deps;
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
    const doubt = doubtOf(found.plan);
    if (doubt === "nothing" || doubt === sighting.doubt || sighting.doubt === "everything") return found;
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

function roleNameOf(desired: DesiredState): string {
  return desired.presence === "absent" ? desired.roleName : desired.role.roleName;
}

function namesOf(desired: DesiredState): readonly string[] {
  const names =
    desired.presence === "absent"
      ? [desired.roleName, desired.instanceProfileName]
      : [desired.role.roleName, desired.instanceProfile.instanceProfileName];
  return [...new Set(names.map(nameKey))];
}
