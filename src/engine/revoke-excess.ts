import type { DesiredPresent } from "../model/desired-state.ts";
import type { Action, FailedAction } from "../plan/action.ts";
import { type Revocation, type RevocationTarget, revocationsOf } from "../plan/class-excess.ts";
import { assertProved } from "./assert-proved.ts";
import { isPermanent } from "./boundary-policies.ts";
import type { AppliedAction } from "./execute.ts";
import { observe } from "./observe.ts";
import type { Assertion, IamReader, IamWriter } from "./ports.ts";
import type { RequiredBoundary } from "./required-boundary.ts";
import type { Settling } from "./settling.ts";
import { WhileCurrent } from "./while-current.ts";

/** What the revocation of one object's excess access did. */
export interface RevocationReport {
  readonly applied: readonly Action[];
  /** Writes that AWS refused, so that something beyond the class may be left; empty: AWS has no more than the class allows. */
  readonly failed: readonly FailedAction[];
}

/** What a revocation calls AWS with. */
export interface RevocationDependencies {
  readonly reader: IamReader;
  readonly writer: IamWriter;
  readonly settling: Settling;
  readonly confirmCurrent: Assertion;
  /** What the class puts on its roles; unset: nothing. */
  readonly boundary?: RequiredBoundary | undefined;
}

/**
 * Takes from a role what its class does not allow, by removal alone, so that it succeeds where the rest of a spec cannot be applied.
 * The role's owner tags are read in the same call. One refused removal does not keep the others from being tried.
 * Where the boundary of the class cannot be set, all permissions go instead, unless the policy itself does not exist.
 *
 * Errors: those of the reads and of `confirmCurrent`; ConflictError when they do not prove that the object owns the role; refused
 * writes are in the report.
 */
export async function revokeExcess(
  desired: DesiredPresent,
  target: RevocationTarget,
  deps: RevocationDependencies,
  signal: AbortSignal,
): Promise<RevocationReport> {
  const observed = await observe(desired, deps.reader, signal);
  const { state } = deps.settling.view(desired, observed);
  if (state.role.presence === "absent") return { applied: [], failed: [] };
  const writer = new WhileCurrent(deps.writer, deps.confirmCurrent);
  const revocations = revocationsOf(target, state.role);
  assertProved(
    desired,
    observed,
    revocations.flatMap(({ action, otherwise }) => [action, ...otherwise]),
  );
  const applied: AppliedAction[] = [];
  const failed: FailedAction[] = [];
  const attempt = async (action: Action): Promise<unknown> => {
    const { done, error } = await tried(writer, action, signal);
    applied.push(...done);
    return error;
  };
  const faultOf = (action: Action, refusal?: unknown): Promise<unknown> => boundaryFault(deps, action, refusal, signal);
  try {
    for (const revocation of revocations) failed.push(...(await carryOut(revocation, attempt, faultOf)));
  } finally {
    deps.settling.record(state, { applied, failed: undefined, refused: [] });
  }
  return { applied: applied.map(({ action }) => action), failed };
}

/** The writes that AWS has not made: the removal, or what goes instead where AWS refuses it. */
async function carryOut(
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
  writer: WhileCurrent,
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
