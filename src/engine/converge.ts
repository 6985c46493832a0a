import type { DesiredState } from "../model/desired-state.ts";
import { nameKey } from "../model/naming.ts";
import type { ObservedState } from "../model/observed-state.ts";
import { diff } from "../plan/diff.ts";
import { isAdoption, type Plan } from "../plan/plan.ts";
import { applyAction } from "../plan/simulate.ts";
import type { Exclusive } from "./exclusive.ts";
import { type ExecutionReport, execute } from "./execute.ts";
import { observe } from "./observe.ts";
import type { IamReader, IamWriter } from "./ports.ts";
import type { Settling } from "./settling.ts";

/** What one pass over one object found and did. */
export interface Convergence {
  readonly plan: Plan;
  readonly report: ExecutionReport;
  /** AWS after the writes, as far as it is known without reading again. */
  readonly after: ObservedState;
  /** Above 0: reads still contradict our own recent writes, and are to be read again after at most this time. */
  readonly settlesInMs: number;
}

/** What a pass needs. */
export interface ConvergeDependencies {
  readonly reader: IamReader;
  readonly writer: IamWriter;
  readonly settling: Settling;
  readonly adoptions: Exclusive;
  /**
   * Called once before the first write of a pass; raises when the object the plan was made from is no longer current, so
   * that an old copy of it cannot write.
   */
  readonly confirmCurrent: (signal: AbortSignal) => Promise<void>;
}

const NOTHING_DONE: ExecutionReport = { applied: [], failed: undefined };

/**
 * Observe, plan, execute: one pass. Writes nothing when the plan is empty or blocked. What would be adopted is looked at once
 * more when no other adoption under way has its name.
 *
 * Errors: those of the reads and of `confirmCurrent`; failing writes are in the report.
 */
export async function converge(
  desired: DesiredState,
  deps: ConvergeDependencies,
  signal: AbortSignal,
): Promise<Convergence> {
  const found = await preview(desired, deps, signal);
  if (!found.plan.actions.some(isAdoption)) return carryOut(found, deps, signal);
  return deps.adoptions.run(namesOf(desired), async () => carryOut(await preview(desired, deps, signal), deps, signal));
}

async function carryOut(found: Preview, deps: ConvergeDependencies, signal: AbortSignal): Promise<Convergence> {
  const { observed, view, plan, settlesInMs } = found;
  if (plan.blockers.length > 0 || plan.actions.length === 0) {
    return { plan, report: NOTHING_DONE, after: plan.blockers.length > 0 ? observed : view, settlesInMs };
  }
  await deps.confirmCurrent(signal);
  const report = await execute(plan, deps.writer, signal);
  deps.settling.record(view, report);
  const after = report.applied.reduce(
    (state, { action, outcome }) => applyAction(state, action, outcome.created),
    view,
  );
  return { plan, report, after, settlesInMs: 0 };
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

/** Observe and plan, without a writer in reach. */
export async function preview(
  desired: DesiredState,
  deps: Pick<ConvergeDependencies, "reader" | "settling">,
  signal: AbortSignal,
): Promise<Preview> {
  const observed = await observe(desired, deps.reader, signal);
  const { state: view, settlesInMs, mayHide } = deps.settling.view(desired, observed);
  const plan = diff(desired, view);
  // An object must not be let go while what was made for it may still come to light.
  const isUnproved = mayHide && desired.presence === "absent";
  const lags = settlesInMs > 0 && JSON.stringify(plan) !== JSON.stringify(diff(desired, observed));
  return { observed, view, plan, settlesInMs: lags || isUnproved ? settlesInMs : 0 };
}

function namesOf(desired: DesiredState): readonly string[] {
  const names =
    desired.presence === "absent"
      ? [desired.roleName, desired.instanceProfileName]
      : [desired.role.roleName, desired.instanceProfile.instanceProfileName];
  return [...new Set(names.map(nameKey))];
}
