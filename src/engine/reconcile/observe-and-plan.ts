import type { DesiredPresent, DesiredState } from "../../model/desired-state.ts";
import { ABSENT, type ObservedState } from "../../model/observed-state.ts";
import type { Plan } from "../../plan/plan.ts";
import { observe, type RoleParts } from "../observe/observe-iam.ts";
import type { SnapshotIndex, StartingPoint } from "../observe/snapshot-index.ts";
import { isCovered, partsToReread, reread, type StaleObservation } from "../observe/stale-observation.ts";
import type { IamReader } from "../ports.ts";
import { type PlanDependencies, type Planned, planFor } from "./plan-for.ts";

/** The dependencies of {@link observeAndPlan}. */
export interface ObserveDependencies extends PlanDependencies {
  readonly reader: IamReader;
  /** The starting point; unset: everything is read. */
  readonly start?: StartingPoint;
  /** Learns which instance profiles were read, and forgets what was written. */
  readonly index?: Pick<SnapshotIndex, "forgetRole" | "profiles">;
}

const NOTHING: ObservedState = { role: ABSENT, instanceProfile: ABSENT };

/**
 * Observes and plans; cannot write. If it starts from a stale observation, it reads only the parts that must be
 * confirmed, as long as the plan concerns nothing else.
 */
export async function observeAndPlan(
  desired: DesiredState,
  deps: ObserveDependencies,
  signal: AbortSignal,
): Promise<Planned> {
  const { start } = deps;
  if (start?.kind === "parts") {
    const found = await planDeletion(desired, start.parts, deps, signal);
    // The blocker may be resolved since the scan: only a fresh read may block a deletion.
    if (found.plan.blockers.length === 0) return found;
  }
  if (start?.kind === "observed" && desired.presence === "present") {
    const found = await planStale(desired, start.observation, deps, signal);
    if (found !== undefined) return found;
  }
  return planFor(desired, await observeAll(desired, deps, signal), deps, signal);
}

const PROFILE: ReadonlySet<"instance profile"> = new Set(["instance profile"]);
const ROLE: ReadonlySet<"role"> = new Set(["role"]);

/** Plans from a stale observation, and reads the role too where the plan writes anything; undefined if it concerns more than was read. */
async function planStale(
  desired: DesiredPresent,
  observation: StaleObservation,
  deps: ObserveDependencies,
  signal: AbortSignal,
): Promise<Planned | undefined> {
  const { toReread } = observation;
  const observed = await reread(observation, desired, deps.reader, signal);
  if (isCovered(PROFILE, toReread)) deps.index?.profiles.verify(observed.instanceProfile);
  const found = await planFor(desired, observed, deps, signal);
  const wanted = partsToReread(found.plan, desired);
  if (isCovered(wanted, toReread) || toReread === "everything") return found;
  const withRole = new Set([...toReread, ...ROLE]);
  if (!isCovered(wanted, withRole)) return undefined;
  const confirmed = await reread({ observed, toReread: ROLE }, desired, deps.reader, signal);
  const again = await planFor(desired, confirmed, deps, signal);
  return isCovered(partsToReread(again.plan, desired), withRole) ? again : undefined;
}

async function observeAll(
  desired: DesiredState,
  { reader, index }: ObserveDependencies,
  signal: AbortSignal,
  parts?: RoleParts,
): Promise<ObservedState> {
  const observed = await observe(desired, reader, signal, parts);
  index?.profiles.verify(observed.instanceProfile);
  return observed;
}

/** Plans from what the scan saw on the role, and reads the instance profile if it must not be presumed. */
async function planDeletion(
  desired: DesiredState,
  { instanceProfile, ...parts }: RoleParts,
  deps: ObserveDependencies,
  signal: AbortSignal,
): Promise<Planned> {
  if (instanceProfile !== undefined && deps.isForecast !== true) {
    const observed = await observe(desired, deps.reader, signal, { ...parts, instanceProfile });
    const found = await planFor(desired, observed, deps, signal);
    if (provesProfile(found.plan)) return { ...found, presumesProfile: true };
  }
  return planFor(desired, await observeAll(desired, deps, signal, parts), deps, signal);
}

/**
 * True for a plan whose first write fails unless the instance profile holds the role, and whose last write deletes the role,
 * which was read and is owned.
 */
function provesProfile({ actions, blockers }: Plan): boolean {
  const [first, last] = [actions[0], actions.at(-1)];
  return blockers.length === 0 && first?.kind === "RemoveRoleFromInstanceProfile" && last?.kind === "DeleteRole";
}

/**
 * Plans without a read of IAM for an object of whose names the scan found nothing: everything is created. The plan
 * starts with CreateRole, and writes to a role or an instance profile only after creating it, so that nothing that
 * existed before is changed.
 *
 * Undefined where absence must not be assumed: the scan does not show it, IAM may lag behind recent writes, or the
 * object may adopt, which must be reported to the user before the first write.
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
