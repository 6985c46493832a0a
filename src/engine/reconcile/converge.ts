import { ControllerError, isPropagating } from "../../errors.ts";
import { type DesiredState, profileNameOf, roleNameOf } from "../../model/desired-state.ts";
import { nameKey } from "../../model/naming.ts";
import type { ObservedState } from "../../model/observed-state.ts";
import { isAdoption, type Plan } from "../../plan/plan.ts";
import { applyAction } from "../../plan/simulate.ts";
import { type ExecutionReport, execute } from "../execute/execute.ts";
import { GuardedWriter } from "../execute/guarded-writer.ts";
import type { KeyedMutex } from "../execute/keyed-mutex.ts";
import type { RecentWrites } from "../observe/recent-writes.ts";
import { type SnapshotIndex, UNKNOWN } from "../observe/snapshot-index.ts";
import type { IamWriter, Precondition } from "../ports.ts";
import { assertProved } from "./assert-proved.ts";
import type { Attempts } from "./flap-breaker.ts";
import { type ObserveDependencies, observeAndPlan, planUnread } from "./observe-and-plan.ts";
import type { Planned } from "./plan-for.ts";

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
  readonly visibleInMs: number;
  /** True when nothing was written because the user has yet to be told of an adoption. */
  readonly isAnnouncement: boolean;
}

/** What a pass needs. */
export interface ConvergeDependencies extends ObserveDependencies {
  readonly recentWrites: RecentWrites;
  readonly writer: IamWriter;
  readonly adoptions: KeyedMutex;
  /** Told when the role was written. */
  readonly index?: Pick<SnapshotIndex, "forgetRole">;
  /**
   * Called before each write of a pass; raises when the object the plan was made from is no longer current, so that an old
   * copy of it cannot write. It knows itself for how long what it has seen is good.
   */
  readonly checkStillCurrent: Precondition;
  /** Knows what was written in vain; without it everything is written as often as it differs. */
  readonly attempts?: Attempts;
  /** Whether the user has been told what such a plan, which adopts, will change. */
  readonly isAnnounced: (plan: Plan) => boolean;
}

const NOTHING_DONE: ExecutionReport = { applied: [], failed: undefined, refused: [] };

/**
 * Observe, plan, execute: one pass. Writes nothing when the plan is empty or blocked, or adopts and has not been announced.
 * What would be adopted is looked at once more when no other adoption under way has its name. An object of whose names a scan has
 * seen nothing is created first, and looked at when IAM says that something is there.
 *
 * Errors: those of the reads and of `checkStillCurrent`; ConflictError when the reads do not prove that the object owns what is to be
 * written; failing writes are in the report.
 */
export async function converge(
  desired: DesiredState,
  deps: ConvergeDependencies,
  signal: AbortSignal,
): Promise<Convergence> {
  const unread = await planUnread(desired, deps, signal);
  if (unread !== undefined) {
    const created = await executePlan(desired, unread, deps, signal);
    if (!isPresumptionRefuted(created)) return created;
  }
  return convergeObserved(desired, deps, signal);
}

/** Somebody has come first to the name of the role, or something is in the way: that is decided by a look. */
function isPresumptionRefuted({ plan, report: { failed } }: Convergence): boolean {
  if (plan.blockers.length > 0) return true;
  const { action, error } = failed ?? {};
  return action?.kind === "CreateRole" && error instanceof ControllerError && error.reason === "EntityAlreadyExists";
}

async function convergeObserved(
  desired: DesiredState,
  deps: ConvergeDependencies,
  signal: AbortSignal,
): Promise<Convergence> {
  const found = await observeAndPlan(desired, deps, signal);
  if (!isToBeAnnounced(found.plan)) return executePlan(desired, found, deps, signal);
  if (!deps.isAnnounced(found.plan)) return nothingDone(found, true);
  return deps.adoptions.run(namesOf(desired), async () => {
    const again = await observeAndPlan(desired, { ...deps, start: UNKNOWN }, signal);
    const isNews = isToBeAnnounced(again.plan) && !deps.isAnnounced(again.plan);
    return isNews ? nothingDone(again, true) : executePlan(desired, again, deps, signal);
  });
}

function isToBeAnnounced({ actions, blockers }: Plan): boolean {
  return blockers.length === 0 && actions.some(isAdoption);
}

function nothingDone({ observed, view, plan, visibleInMs }: Planned, isAnnouncement: boolean): Convergence {
  const after = plan.blockers.length > 0 ? observed : view;
  return { plan, report: NOTHING_DONE, after, visibleInMs, isAnnouncement };
}

async function executePlan(
  desired: DesiredState,
  found: Planned,
  deps: ConvergeDependencies,
  signal: AbortSignal,
): Promise<Convergence> {
  const { view } = found;
  const plan = deps.attempts?.judge(found.plan, found.visibleInMs === 0) ?? found.plan;
  if (plan.blockers.length > 0 || plan.actions.length === 0) return nothingDone({ ...found, plan }, false);
  assertProved(desired, found.observed, plan.actions);
  const writer = new GuardedWriter(deps.writer, deps.checkStillCurrent);
  const report = await execute(plan, writer, signal);
  const sent = writer.sentOf(report);
  deps.recentWrites.record(view, sent);
  deps.index?.forgetRole(desired);
  if (report.failed === undefined) deps.attempts?.carriedOut(plan);
  deps.instances.snapshots.record(sent);
  writer.assertCurrent();
  const after = report.applied.reduce(
    (state, { action, outcome }) => applyAction(state, action, outcome.created),
    view,
  );
  const visibleInMs = waitsForMs(desired, after, report, deps.recentWrites);
  return { plan, report, after, visibleInMs, isAnnouncement: false };
}

/**
 * An object must not be let go while what was made for it may still come to light; and EC2 may not know yet what was made of
 * late.
 */
function waitsForMs(
  desired: DesiredState,
  after: ObservedState,
  { failed }: ExecutionReport,
  recentWrites: RecentWrites,
): number {
  const { mayHide, visibleInMs } = recentWrites.overlay(desired, after);
  const isUnproved = mayHide && desired.presence === "absent";
  return isUnproved || isPropagating(failed?.error) ? visibleInMs : 0;
}

function namesOf(desired: DesiredState): readonly string[] {
  return [...new Set([roleNameOf(desired), profileNameOf(desired)].map(nameKey))];
}
