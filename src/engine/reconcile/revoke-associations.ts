import { ConflictError, ControllerError } from "../../errors.ts";
import type { DesiredPresent } from "../../model/desired-state.ts";
import type { ObservedInstance } from "../../model/instances/instance.ts";
import type { ObservedState } from "../../model/observed-state.ts";
import type { Action, FailedAction } from "../../plan/action.ts";
import { releaseInstances } from "../../plan/instances/diff-instances.ts";
import { regionsRemoved } from "../../plan/instances/record-regions.ts";
import type { AccountInstances } from "../accounts/aws-account.ts";
import { observedInstanceFor } from "../observe/instance-view.ts";
import { FRESH_MS } from "../observe/profile-usage.ts";

/** The instances of some regions that have the marker of one object. */
export interface MarkedInstances {
  /** The regions that could be read. */
  readonly regions: readonly string[];
  readonly found: readonly ObservedInstance[];
  /** Why a region could not be read; undefined when all could. */
  readonly unread?: unknown;
}

/**
 * Reads the instances of these regions that have the marker of the object. Errors: the signal's reason; no others of
 * the reads.
 */
export async function observeMarked(
  desired: DesiredPresent,
  state: ObservedState,
  regions: readonly string[],
  { snapshots }: Pick<AccountInstances, "snapshots">,
  signal: AbortSignal,
): Promise<MarkedInstances> {
  let marked: MarkedInstances = { regions: [], found: [] };
  for (const region of regions) {
    try {
      const { instances } = await snapshots.get(region, FRESH_MS, signal);
      const observed = [...instances.values()].map((facts) => observedInstanceFor(desired, state, facts, []));
      const found = [...marked.found, ...observed.filter(({ isMarked }) => isMarked)];
      marked = { ...marked, regions: [...marked.regions, region], found };
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ControllerError)) throw error;
      marked = { ...marked, unread: error };
    }
  }
  return marked;
}

/**
 * Disassociates the profile from the marked instances, and removes the regions that were read from the record of the
 * profile, so that the next reconcile reads nothing there. Returns the writes that failed: an instance with a failed
 * write keeps its marker, and its region stays on the record.
 *
 * @param attempt returns the error of the write, or undefined on success
 */
export async function revokeAssociations(
  { owner, instanceProfile }: DesiredPresent,
  state: ObservedState,
  { regions, found }: MarkedInstances,
  attempt: (action: Action) => Promise<unknown>,
): Promise<readonly FailedAction[]> {
  const failed = new Map(found.flatMap(unlisted));
  const observed = { ...state, instances: { found, missingIds: [], unsearched: [] } };
  for (const action of releaseInstances({ owner, ...instanceProfile }, observed)) {
    // The marker is removed last: after a refused write, the rest for the same instance is skipped.
    if (failed.has(action.instanceId)) continue;
    const error = await attempt(action);
    if (error !== undefined) failed.set(action.instanceId, { action, error });
  }
  const isClear = (region: string): boolean =>
    !found.some((one) => one.region === region && failed.has(one.instanceId));
  const unrecorded: FailedAction[] = [];
  for (const action of regionsRemoved(state.instanceProfile, regions.filter(isClear))) {
    const error = await attempt(action);
    if (error !== undefined) unrecorded.push({ action, error });
  }
  return [...failed.values(), ...unrecorded];
}

/** EC2 disassociates by the id of the association, which it may not list yet. */
function unlisted({ instanceId, region, association }: ObservedInstance): readonly (readonly [string, FailedAction])[] {
  if (association?.associationId !== "") return [];
  const message = `EC2 does not list the association of instance ${instanceId} (${region}) yet. The controller retries.`;
  const place = { region, instanceId, associationId: "", removes: association.profileArn };
  const action: Action = { kind: "DisassociateIamInstanceProfile", ...place };
  return [[instanceId, { action, error: new ConflictError(message, { reason: "NotYetVisible" }) }]];
}
