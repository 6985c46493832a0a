import type { DesiredState } from "../../model/desired-state.ts";
import { ABSENT, type ObservedState } from "../../model/observed-state.ts";
import { observe } from "../observe/observe-iam.ts";
import type { StartingPoint } from "../observe/snapshot-index.ts";
import { isCovered, partsToReread, reread } from "../observe/stale-observation.ts";
import type { IamReader } from "../ports.ts";
import { type PlanDependencies, type Planned, planFor } from "./plan-for.ts";

/** What observing and planning needs. */
export interface ObserveDependencies extends PlanDependencies {
  readonly reader: IamReader;
  /** Where to start; unset: everything is read. */
  readonly start?: StartingPoint;
}

const NOTHING: ObservedState = { role: ABSENT, instanceProfile: ABSENT };

/**
 * Observes and plans, without a writer in reach. From a stale observation only the parts are read that must be confirmed, as long as the
 * plan is about nothing else.
 */
export async function observeAndPlan(
  desired: DesiredState,
  deps: ObserveDependencies,
  signal: AbortSignal,
): Promise<Planned> {
  const { reader, start } = deps;
  if (start?.kind === "parts") {
    const found = await planFor(desired, await observe(desired, reader, signal, start.parts), deps, signal);
    // What was in the way may have gone since: only a fresh read may block a deletion.
    if (found.plan.blockers.length === 0) return found;
  }
  if (start?.kind === "seen" && desired.presence === "present") {
    const { observation } = start;
    const found = await planFor(desired, await reread(observation, desired, reader, signal), deps, signal);
    if (isCovered(partsToReread(found.plan), observation.toReread)) return found;
  }
  return planFor(desired, await observe(desired, reader, signal), deps, signal);
}

/**
 * The plan for an object of whose names the scan has seen nothing, without a read of IAM: everything is created. It begins with CreateRole,
 * and what follows on a role or an instance profile follows on its creation, so that nothing is written to what was there before.
 *
 * Undefined where that must not be presumed: the scan does not say so, IAM may lag behind our own writes, or what is there may be
 * adopted, which the user must see before the first write.
 */
export async function planUnread(
  desired: DesiredState,
  deps: ObserveDependencies,
  signal: AbortSignal,
): Promise<Planned | undefined> {
  if (deps.start?.kind !== "absent" || desired.presence === "absent" || desired.mayAdopt) return undefined;
  if ((deps.recentWrites?.overlay(desired, NOTHING).visibleInMs ?? 0) > 0) return undefined;
  return planFor(desired, NOTHING, deps, signal);
}
