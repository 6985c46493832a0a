import type { InstanceProfile } from "../api/instance-profile.ts";
import { type DesiredState, desiredState } from "../model/desired-state.ts";
import type { ObservedState } from "../model/observed-state.ts";
import { TAG_KEYS } from "../model/ownership.ts";
import { diff } from "../plan/diff.ts";
import type { Plan } from "../plan/plan.ts";
import { observe } from "./observe.ts";
import type { IamReader } from "./ports.ts";

/** A plan made without a cluster. */
export interface ManifestPlan {
  readonly plan: Plan;
  /** The cluster that the plan is for: the one given, else the one that the tags of the object's role or profile name. */
  readonly clusterId: string | undefined;
}

/**
 * What the controller would do about a manifest. Without a cluster to ask, the tags of a role or profile that name this very
 * object tell which cluster it is of.
 *
 * Errors: whatever the reader raises.
 */
export async function planManifest(
  object: InstanceProfile,
  clusterId: string | undefined,
  reader: IamReader,
  signal: AbortSignal,
): Promise<ManifestPlan> {
  const desired = desiredState(object, clusterId ?? "");
  const observed = await observe(desired, reader, signal);
  const named = clusterId === undefined ? clusterNamedBy(desired, observed) : undefined;
  if (named === undefined) return { plan: diff(desired, observed), clusterId };
  const owned = desiredState(object, named);
  return { plan: diff(owned, await observe(owned, reader, signal)), clusterId: named };
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
