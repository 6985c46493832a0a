import { ConflictError, ControllerError, isPropagating, reasonOfError } from "../../errors.ts";
import { type DesiredState, profileNameOf, roleNameOf } from "../../model/desired-state.ts";
import { nameKey } from "../../model/naming.ts";
import type { ObservedState } from "../../model/observed-state.ts";
import type { Action } from "../../plan/action.ts";
import { diff } from "../../plan/diff.ts";
import { isAdoption, type Lag, type Plan, unseenBetween } from "../../plan/plan.ts";
import { assertProved } from "../../plan/proof.ts";
import { applyAction } from "../../plan/simulate.ts";
import type { KeyedMutex } from "../concurrency.ts";
import { type ExecutionReport, execute, GuardedWriter, type OnWritten } from "../execute/execute.ts";
import type { RecentWrites } from "../observe/recent-writes.ts";
import { UNKNOWN } from "../observe/snapshot-index.ts";
import type { IamWriter, Precondition } from "../ports.ts";
import type { Attempts } from "./flap-breaker.ts";
import { type ObserveDependencies, observeAndPlan, planUnread } from "./observe-and-plan.ts";
import type { Planned } from "./plan-for.ts";

/** The result of reconciling one object with AWS. */
export interface Convergence {
  readonly plan: Plan;
  readonly report: ExecutionReport;
  /** The state before the writes; unset when nothing was written. */
  readonly before?: ObservedState;
  /** The state after the writes, computed without reading again. */
  readonly after: ObservedState;
  /**
   * Above 0: reads still contradict the recent writes, may not show them yet, or the profile has not propagated to EC2.
   * Requeue after at most this time.
   */
  readonly visibleInMs: number;
  /** Unset when the reads show all earlier writes. */
  readonly lag?: Lag | undefined;
  /** True when nothing was written because an adoption must be reported to the user first. */
  readonly isAnnouncement: boolean;
}

/** The dependencies of {@link converge}. */
export interface ConvergeDependencies extends ObserveDependencies {
  readonly recentWrites: RecentWrites;
  readonly writer: IamWriter;
  readonly adoptions: KeyedMutex;
  /**
   * Called before each write; raises when the object that the plan was computed from is no longer current, so that a
   * stale copy cannot write. It decides itself how long its last read counts.
   */
  readonly precondition: Precondition;
  /** Stops writes that do not last; unset: the controller repairs drift without limit. */
  readonly attempts?: Attempts;
  readonly onWritten?: OnWritten | undefined;
  /** True when the changes of a plan that adopts were already reported to the user. */
  readonly isAnnounced: (plan: Plan) => boolean;
}

const NOTHING_DONE: ExecutionReport = { applied: [], failed: undefined, refused: [] };

/**
 * Observes, plans and executes. Writes nothing when the plan is empty or blocked, or when it adopts and was not
 * announced yet. Before an adoption, the entities are observed again under a lock on their names. If a scan found
 * nothing of the object's names, the controller creates first, and observes only when IAM reports that something
 * exists. If it presumes the instance profile of a deletion, it observes everything when IAM does not find the role in it.
 *
 * Errors: those of the reads and of `precondition`; ConflictError when the reads do not prove that the object owns what
 * is to be written; failing writes are in the report.
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

/** True when the role already exists or the plan is blocked: the controller must observe to decide. */
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
  if (!isToBeAnnounced(found.plan)) {
    const done = await executePlan(desired, found, deps, signal);
    if (!(done.report.failed?.error instanceof ProfileNotAsPresumed)) return done;
    const again = await observeAndPlan(desired, { ...deps, start: UNKNOWN }, signal);
    return executePlan(desired, again, deps, signal);
  }
  if (!deps.isAnnounced(found.plan)) return nothingDone(found, true);
  return deps.adoptions.run(namesOf(desired), async () => {
    const again = await observeAndPlan(desired, { ...deps, start: UNKNOWN }, signal);
    const mustAnnounce = isToBeAnnounced(again.plan) && !deps.isAnnounced(again.plan);
    return mustAnnounce ? nothingDone(again, true) : executePlan(desired, again, deps, signal);
  });
}

function isToBeAnnounced({ actions, blockers }: Plan): boolean {
  return blockers.length === 0 && actions.some(isAdoption);
}

function nothingDone({ observed, view, plan, visibleInMs, lag }: Planned, isAnnouncement: boolean): Convergence {
  const after = plan.blockers.length > 0 ? observed : view;
  return { plan, report: NOTHING_DONE, after, visibleInMs, lag, isAnnouncement };
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
  const sender = found.presumesProfile === true ? stoppingAtOtherProfile(deps.writer) : deps.writer;
  const writer = new GuardedWriter(sender, deps.precondition);
  const report = await execute(plan, writer, signal);
  if (report.applied.length > 0)
    deps.onWritten?.(
      report.applied.map(({ action }) => action),
      plan.notes,
    );
  const sent = writer.sentOf(report);
  deps.recentWrites.record(view, sent);
  deps.recentWrites.contradictions.end(desired.owner.uid);
  forgetWritten(desired, deps, report);
  if (report.failed === undefined) deps.attempts?.recordExecuted(plan);
  deps.instances.snapshots.record(sent);
  writer.throwIfPreconditionFailed();
  const after = afterWrites(view, report);
  if (isComplete(report, "CreateInstanceProfile")) deps.index?.profiles.verify(after.instanceProfile);
  const wait = waitAfter(desired, found, after, report, deps.recentWrites);
  return { plan, report, before: view, after, isAnnouncement: false, ...wait };
}

function afterWrites(state: ObservedState, { applied }: ExecutionReport): ObservedState {
  return applied.reduce((current, { action, outcome }) => applyAction(current, action, outcome.created), state);
}

/**
 * How long to wait for propagation. The finalizer must stay while a create of the object may still become visible, a
 * new profile may not have propagated to EC2 yet, and the reads before these writes may not have shown earlier ones.
 */
function waitAfter(
  desired: DesiredState,
  { observed }: Planned,
  after: ObservedState,
  report: ExecutionReport,
  recentWrites: RecentWrites,
): Pick<Convergence, "visibleInMs" | "lag"> {
  const asRead = afterWrites({ ...after, ...observed }, report);
  const { hasUnconfirmedCreate, visibleInMs, lagsUntilMs, atMs } = recentWrites.overlay(desired, asRead);
  const isUnproved = hasUnconfirmedCreate && desired.presence === "absent";
  const waitMs = isUnproved || isPropagating(report.failed?.error) ? visibleInMs : 0;
  const unseen = lagsUntilMs === undefined ? undefined : unseenBetween(diff(desired, after), diff(desired, asRead));
  if (unseen === undefined || lagsUntilMs === undefined) return { visibleInMs: waitMs };
  return { visibleInMs: Math.max(waitMs, lagsUntilMs - atMs), lag: { unseen, untilMs: lagsUntilMs } };
}

/** Forgets what is known of the role after every execution, and of the instance profile if it may have been written. */
function forgetWritten(desired: DesiredState, { index }: ConvergeDependencies, report: ExecutionReport): void {
  index?.forgetRole(desired);
  const { applied, failed } = report;
  const actions = [...applied.map(({ action }) => action), ...(failed === undefined ? [] : [failed.action])];
  if (actions.some((action) => "instanceProfileName" in action)) index?.profiles.forget(profileNameOf(desired));
}

function isComplete({ applied, failed }: ExecutionReport, kind: Action["kind"]): boolean {
  return failed === undefined && applied.some(({ action }) => action.kind === kind);
}

function namesOf(desired: DesiredState): readonly string[] {
  return [...new Set([roleNameOf(desired), profileNameOf(desired)].map(nameKey))];
}

/** The role was not in the instance profile that a deletion presumed, or IAM does not authorize to remove it. */
class ProfileNotAsPresumed extends ConflictError {}

/**
 * A writer for a plan that presumes the instance profile: raises {@link ProfileNotAsPresumed} when its first write shows
 * that the profile does not hold the role, so that the profile gets no further write before it is read. IAM removes a
 * role only from the profile that holds it, as it creates a role only where there is none.
 */
function stoppingAtOtherProfile(writer: IamWriter): IamWriter {
  return {
    async perform(action, signal, precondition) {
      if (action.kind !== "RemoveRoleFromInstanceProfile") return writer.perform(action, signal, precondition);
      const { instanceProfileName, roleName } = action;
      const message = `instance profile ${instanceProfileName} does not hold role ${roleName} as the account scan showed`;
      const outcome = await writer.perform(action, signal, precondition).catch((error: unknown) => {
        // IAM policies can limit writes to profiles with the cluster's owner tags.
        if (reasonOfError(error) !== "AccessDenied") throw error;
        throw new ProfileNotAsPresumed(message, { reason: "NotYetVisible" });
      });
      if (outcome.wasAbsent === true) throw new ProfileNotAsPresumed(message, { reason: "NotYetVisible" });
      return outcome;
    },
  };
}
