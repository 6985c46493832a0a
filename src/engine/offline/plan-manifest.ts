import type { InstanceProfile } from "../../api/instance-profile.ts";
import { type DesiredState, desiredState, type Grants } from "../../model/desired-state.ts";
import type { ObservedState } from "../../model/observed-state.ts";
import { TAG_KEYS } from "../../model/ownership.ts";
import type { AccessReport } from "../../plan/access/access-report.ts";
import { refusedByIam } from "../../plan/lint/lint.ts";
import type { Plan } from "../../plan/plan.ts";
import type { InstanceObservation } from "../observe/observe-instances.ts";
import type { PolicyVerifier } from "../observe/policy-existence.ts";
import type { QuotaSource } from "../observe/quota-cache.ts";
import { planFor } from "../reconcile/plan-for.ts";
import { accessOfPlan, type PolicyDocuments } from "./plan-access.ts";
import type { PlanReader } from "./plan-reader.ts";

/** A plan that was computed without a cluster. */
export interface ManifestPlan {
  readonly plan: Plan;
  /**
   * The cluster that the plan is for: the one given, or else the one that the owner tags of the role or profile name.
   */
  readonly clusterId: string | undefined;
  /** What the plan newly grants; undefined for a plan that is in sync or blocked. */
  readonly access: AccessReport | undefined;
}

/** The cluster and the grants that a manifest is planned for. */
export interface PlanTarget extends Grants {
  /** Undefined: the cluster that the tags in AWS name. */
  readonly clusterId: string | undefined;
}

/** The readers of AWS that a plan uses. */
export interface PlanAccess {
  readonly reader: PlanReader;
  readonly instances: InstanceObservation;
  readonly quotas: QuotaSource;
  readonly policies: PolicyDocuments;
  readonly verifier: PolicyVerifier;
}

/**
 * Plans what the controller would do for a manifest. If no cluster is given, it is taken from the owner tags of a role
 * or profile that name this object.
 *
 * Errors: those of the readers.
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
  if (named !== undefined && named === object.spec.adoptFrom?.clusterId)
    return planForAnotherCluster(object, named, grants, access, signal);
  if (named === undefined) return { ...(await planAndJudge(object, desired, observed, access, signal)), clusterId };
  const owned = desiredState(object, named, grants);
  const again = await access.reader.read(owned, signal);
  return { ...(await planAndJudge(object, owned, again, access, signal)), clusterId: named };
}

/** Stands for the id of the cluster that the manifest is for. */
const UNKNOWN_CLUSTER = "CLUSTER_ID";

/** A manifest that adopts from the cluster that owns the role is for another cluster. */
async function planForAnotherCluster(
  object: InstanceProfile,
  from: string,
  grants: Grants,
  access: PlanAccess,
  signal: AbortSignal,
): Promise<ManifestPlan> {
  const desired = desiredState(object, UNKNOWN_CLUSTER, grants);
  const observed = await access.reader.read(desired, signal);
  const { plan, ...judged } = await planAndJudge(object, desired, observed, access, signal);
  const message = `planned for another cluster than ${from}, which spec.adoptFrom names; set --cluster-id to plan for a certain one`;
  return {
    ...judged,
    plan: { ...plan, notes: [...(plan.notes ?? []), { reason: "ClusterUnknown", message }] },
    clusterId: undefined,
  };
}

/** Raises what the controller would report in a status: a plan is complete or an error. */
async function planAndJudge(
  object: InstanceProfile,
  desired: DesiredState,
  observed: ObservedState,
  { instances, quotas, policies, verifier }: PlanAccess,
  signal: AbortSignal,
): Promise<Pick<ManifestPlan, "plan" | "access">> {
  const deps = { instances, quotas, policies: verifier, refusedByIam: () => refusedByIam(object), isForecast: true };
  const { plan: found, view } = await planFor(desired, observed, deps, signal);
  if (view.instances?.unreadable !== undefined) throw view.instances.unreadable;
  return { plan: found, access: await accessOfPlan(found, view, policies, signal) };
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
