import type { DesiredPresent } from "../../model/desired-state.ts";
import type { ObservedState } from "../../model/observed-state.ts";
import type { Action, FailedAction } from "../../plan/action.ts";
import {
  membershipsBeyond,
  type Revocation,
  type RevocationTarget,
  regionsBeyond,
  revocationsOf,
} from "../../plan/class/class-excess.ts";
import { isOwnedElsewhere } from "../../plan/hand-over.ts";
import { regionsRemoved } from "../../plan/instances/record-regions.ts";
import { assertProved } from "../../plan/proof.ts";
import { applyAction } from "../../plan/simulate.ts";
import type { AccountInstances } from "../accounts/aws-account.ts";
import { type AppliedAction, GuardedWriter, type OnWritten } from "../execute/execute.ts";
import { observe } from "../observe/observe-iam.ts";
import { isPermanent } from "../observe/policy-existence.ts";
import type { RecentWrites } from "../observe/recent-writes.ts";
import type { IamReader, IamWriter, Precondition } from "../ports.ts";
import type { RequiredBoundary } from "./required-boundary.ts";
import { observeMarked, revokeAssociations } from "./revoke-associations.ts";

/** The result of revoking one object's excess access. */
export interface RevocationReport {
  readonly applied: readonly Action[];
  /** The failed writes, after which access that the class does not allow may be left; empty: none is left. */
  readonly failed: readonly FailedAction[];
  /** The observed state after the removals. */
  readonly after: ObservedState;
  /**
   * Why the instances of a region could not be read, so that associations that the class does not allow may be left;
   * undefined: all were read.
   */
  readonly unread: unknown;
}

/** The dependencies of {@link revokeExcess}. */
export interface RevocationDependencies {
  readonly reader: IamReader;
  readonly writer: IamWriter;
  readonly recentWrites: RecentWrites;
  readonly instances: Pick<AccountInstances, "snapshots">;
  readonly precondition: Precondition;
  readonly onWritten?: OnWritten | undefined;
  /** The permissions boundary that the class sets on its roles; unset: none. */
  readonly boundary?: RequiredBoundary | undefined;
}

/**
 * Revokes permissions and associations that the class does not allow. It only removes, so that it succeeds where the
 * rest of a spec cannot be applied. The owner tags are read in the same call. Neither a refused removal nor a region
 * that cannot be read stops the others. Where the boundary of the class cannot be set, all permissions are removed
 * instead, unless the policy itself does not exist.
 *
 * Errors: those of the reads of IAM and of `precondition`; ConflictError when they do not prove that the object owns
 * the role; refused writes are in the report.
 */
export async function revokeExcess(
  desired: DesiredPresent,
  target: RevocationTarget,
  deps: RevocationDependencies,
  signal: AbortSignal,
): Promise<RevocationReport> {
  const observed = await observe(desired, deps.reader, signal);
  if (isOwnedElsewhere(desired, observed)) return { applied: [], failed: [], after: observed, unread: undefined };
  const { state } = deps.recentWrites.overlay(desired, observed);
  const revocations = [
    ...(state.role.presence === "absent" ? [] : revocationsOf(target, state.role, state.managedPolicies)),
    ...membershipsBeyond(target, state.instanceProfile),
  ];
  const regions = regionsBeyond(target, state.instanceProfile);
  assertProved(desired, observed, [
    ...revocations.flatMap(({ action, otherwise }) => [action, ...otherwise]),
    ...regionsRemoved(state.instanceProfile, regions),
  ]);
  const marked = await observeMarked(desired, state, regions, deps.instances, signal);
  const writer = new GuardedWriter(deps.writer, deps.precondition);
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
    if (applied.length > 0) deps.onWritten?.(applied.map(({ action }) => action));
  }
  const after = applied.reduce((current, { action }) => applyAction(current, action), state);
  return { applied: applied.map(({ action }) => action), failed, unread: marked.unread, after };
}

/** Executes a revocation, or its alternative where AWS refuses it, and returns the failed writes. */
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

/** The applied write, or why it failed. Errors: those of the precondition. */
async function tried(
  writer: GuardedWriter,
  action: Action,
  signal: AbortSignal,
): Promise<{ readonly done: readonly AppliedAction[]; readonly error?: unknown }> {
  try {
    return { done: [{ action, outcome: await writer.perform(action, signal) }] };
  } catch (error) {
    signal.throwIfAborted();
    writer.throwIfPreconditionFailed();
    return { done: [], error };
  }
}

/** Why the write cannot succeed without the class's boundary; undefined for other writes and other reasons. */
async function boundaryFault(
  { boundary }: RevocationDependencies,
  action: Action,
  refusal: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  if (boundary?.isSetBy(action) !== true) return undefined;
  return refusal === undefined ? boundary.fault : boundary.faultAfter(refusal, signal);
}
