import type { InstanceProfile } from "../api/instance-profile.ts";
import { type DesiredState, desiredState, type Grants } from "../model/desired-state.ts";
import type { ObservedState } from "../model/observed-state.ts";
import { TAG_KEYS } from "../model/ownership.ts";
import { diff } from "../plan/diff.ts";
import type { Plan } from "../plan/plan.ts";
import { type InstanceObservation, observeInstances } from "./observe-instances.ts";
import type { PlanReader } from "./plan-reader.ts";

/** A plan made without a cluster. */
export interface ManifestPlan {
  readonly plan: Plan;
  /** The cluster that the plan is for: the one given, else the one that the tags of the object's role or profile name. */
  readonly clusterId: string | undefined;
}

/** What a manifest is planned for. */
export interface PlanTarget extends Grants {
  /** Undefined: the cluster that the tags in AWS name. */
  readonly clusterId: string | undefined;
}

/** What AWS is looked at through. */
export interface PlanAccess {
  readonly reader: PlanReader;
  readonly instances: InstanceObservation;
}

/**
 * What the controller would do about a manifest. Without a cluster to ask, the tags of a role or profile that name this very
 * object tell which cluster it is of.
 *
 * Errors: whatever the readers raise.
 */
export async function planManifest(
  object: InstanceProfile,
  { clusterId, ...grants }: PlanTarget,
  access: PlanAccess,
  signal: AbortSignal,
): Promise<ManifestPlan> {
  const desired = desiredState(object, clusterId ?? "", grants);
  const observed = await access.reader.read(desired, signal);
  const named = clusterId === undefined ? clusterNamedBy(desired, observed) : undefined;
  if (named === undefined)
    return { plan: diff(desired, await withInstances(desired, observed, access, signal)), clusterId };
  const owned = desiredState(object, named, grants);
  const seen = await withInstances(owned, await access.reader.read(owned, signal), access, signal);
  return { plan: diff(owned, seen), clusterId: named };
}

/** Half a plan is none: what the controller would tell in a status is an error here. */
async function withInstances(
  desired: DesiredState,
  observed: ObservedState,
  { instances }: PlanAccess,
  signal: AbortSignal,
): Promise<ObservedState> {
  const state = await observeInstances(desired, observed, instances, signal);
  if (state.instances?.unreadable !== undefined) throw state.instances.unreadable;
  return state;
}

function clusterNamedBy({ owner }: DesiredState, { role, instanceProfile }: ObservedState): string | undefined {
  for (const entity of [role, instanceProfile]) {
    if (entity.presence === "absent") continue;
    const { tags } = entity;
    if (tags[TAG_KEYS.namespace] === owner.namespace && tags[TAG_KEYS.name] === owner.name)
      return tags[TAG_KEYS.clusterId];
  }
  return undefined;
}
