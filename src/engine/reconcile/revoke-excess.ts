import type { DesiredPresent } from "../../model/desired-state.ts";
import type { ObservedState } from "../../model/observed-state.ts";
import type { Action, FailedAction } from "../../plan/action.ts";
import { type Revocation, type RevocationTarget, regionsBeyond, revocationsOf } from "../../plan/class/class-excess.ts";
import { regionsRemoved } from "../../plan/instances/record-regions.ts";
import { applyAction } from "../../plan/simulate.ts";
import type { AccountInstances } from "../accounts/aws-account.ts";
import type { AppliedAction } from "../execute/execute.ts";
import { GuardedWriter } from "../execute/guarded-writer.ts";
import { isPermanent } from "../observe/boundary-policies.ts";
import { observe } from "../observe/observe-iam.ts";
import type { RecentWrites } from "../observe/recent-writes.ts";
import type { IamReader, IamWriter, Precondition } from "../ports.ts";
import { assertProved } from "./assert-proved.ts";
import type { RequiredBoundary } from "./required-boundary.ts";
import { observeMarked, revokeAssociations } from "./revoke-associations.ts";

/** What the revocation of one object's excess access did. */
export interface RevocationReport {
  readonly applied: readonly Action[];
  /** Writes that AWS refused, so that something beyond the class may be left; empty: AWS has no more than the class allows. */
  readonly failed: readonly FailedAction[];
  /** As read, with the removals. */
  readonly after: ObservedState;
  /** Why the instances of a region could not be read, so that associations beyond the class may be left; undefined: all were read. */
  readonly unread: unknown;
}

/** What a revocation calls AWS with. */
export interface RevocationDependencies {
  readonly reader: IamReader;
  readonly writer: IamWriter;
  readonly recentWrites: RecentWrites;
  readonly instances: Pick<AccountInstances, "snapshots">;
  readonly checkStillCurrent: Precondition;
  /** What the class puts on its roles; unset: nothing. */
  readonly boundary?: RequiredBoundary | undefined;
}

/**
 * Takes from a role, and from the associations of its profile, what the class does not allow, by removal alone, so that it succeeds
 * where the rest of a spec cannot be applied. The owner tags are read in the same call. Neither a refused removal nor a region that
 * cannot be read keeps the others from being tried.
 * Where the boundary of the class cannot be set, all permissions go instead, unless the policy itself does not exist.
 *
 * Errors: those of the reads of IAM and of `checkStillCurrent`; ConflictError when they do not prove that the object owns the role; refused
 * writes are in the report.
 */
export async function revokeExcess(
  desired: DesiredPresent,
  target: RevocationTarget,
  deps: RevocationDependencies,
  signal: AbortSignal,
): Promise<RevocationReport> {
  const observed = await observe(desired, deps.reader, signal);
  const { state } = deps.recentWrites.overlay(desired, observed);
  const revocations = state.role.presence === "absent" ? [] : revocationsOf(target, state.role);
  const regions = regionsBeyond(target, state.instanceProfile);
  assertProved(desired, observed, [
    ...revocations.flatMap(({ action, otherwise }) => [action, ...otherwise]),
    ...regionsRemoved(state.instanceProfile, regions),
  ]);
  const marked = await observeMarked(desired, state, regions, deps.instances, signal);
  const writer = new GuardedWriter(deps.writer, deps.checkStillCurrent);
  const applied: AppliedAction[] = [];
  const failed: FailedAction[] = [];
  const attempt = async (action: Action): Promise<unknown> => {
    const { done, error } = await tried(writer, action, signal);
    applied.push(...done);
    return error;
  };
  const faultOf = (action: Action, refusal?: unknown): Promise<unknown> => boundaryFault(deps, action, refusal, signal);
  try {
    for (const revocation of revocations) failed.push(...(await executePlan(revocation, attempt, faultOf)));
    failed.push(...(await revokeAssociations(desired, state, marked, attempt)));
  } finally {
    const report = { applied, failed: undefined, refused: failed };
    deps.recentWrites.record(state, { ...report, refused: [] });
    deps.instances.snapshots.record(report);
  }
  const after = applied.reduce((so, { action }) => applyAction(so, action), state);
  return { applied: applied.map(({ action }) => action), failed, unread: marked.unread, after };
}

/** The writes that AWS has not made: the removal, or what goes instead where AWS refuses it. */
async function executePlan(
  { action, otherwise }: Revocation,
  attempt: (action: Action) => Promise<unknown>,
  faultOf: (action: Action, refusal?: unknown) => Promise<unknown>,
): Promise<readonly FailedAction[]> {
  const known = await faultOf(action);
  if (known !== undefined) return [{ action, error: known }];
  const error = await attempt(action);
  if (error === undefined) return [];
  const fault = await faultOf(action, error);
  if (fault !== undefined) return [{ action, error: fault }];
  if (otherwise.length === 0 || !isPermanent(error)) return [{ action, error }];
  const failed: FailedAction[] = [];
  for (const instead of otherwise) {
    const again = await attempt(instead);
    if (again !== undefined) failed.push({ action: instead, error: again });
  }
  return failed;
}

/** The write that was made, or why AWS has not made it. Errors: those of the assertion. */
async function tried(
  writer: GuardedWriter,
  action: Action,
  signal: AbortSignal,
): Promise<{ readonly done: readonly AppliedAction[]; readonly error?: unknown }> {
  try {
    return { done: [{ action, outcome: await writer.perform(action, signal) }] };
  } catch (error) {
    signal.throwIfAborted();
    writer.assertCurrent();
    return { done: [], error };
  }
}

/** Why the write cannot succeed for want of the class's boundary; undefined for other writes and other reasons. */
async function boundaryFault(
  { boundary }: RevocationDependencies,
  action: Action,
  refusal: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  if (boundary?.isSetBy(action) !== true) return undefined;
  return refusal === undefined ? boundary.fault : boundary.faultAfter(refusal, signal);
}
