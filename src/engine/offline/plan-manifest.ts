import type { InstanceProfile } from "../../api/instance-profile.ts";
import { compareAccess } from "../../model/access/compare-access.ts";
import { type DesiredState, desiredState, type Grants } from "../../model/desired-state.ts";
import { nameKey } from "../../model/naming.ts";
import { ABSENT, type ObservedState } from "../../model/observed-state.ts";
import { TAG_KEYS } from "../../model/ownership.ts";
import type { AccessReport } from "../../plan/access/access-report.ts";
import { changesAccess, managedArnsOf, NOTHING_NEW, plannedAccess } from "../../plan/access/planned-access.ts";
import type { ManagedPolicies } from "../../plan/access/role-access.ts";
import { refusedByIam } from "../../plan/lint/lint.ts";
import type { Plan } from "../../plan/plan.ts";
import type { AccountSnapshot } from "../observe/account-snapshot.ts";
import { needsPolicies, observe, observePolicies } from "../observe/observe-iam.ts";
import type { InstanceObservation } from "../observe/observe-instances.ts";
import type { PolicyVerifier } from "../observe/policy-existence.ts";
import type { QuotaSource } from "../observe/quota-cache.ts";
import { reported } from "../observe/stale-observation.ts";
import type { IamReader } from "../ports.ts";
import { planFor } from "../reconcile/plan-for.ts";

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

/** Reads the policy documents that a plan does not need and a report of its access does. */
export interface PolicyDocuments {
  readonly inline: IamReader["getRolePolicy"];
  /** The documents of managed policies; those that cannot be read are missing. */
  readonly managed: (policyArns: readonly string[], signal: AbortSignal) => Promise<ManagedPolicies>;
}

/**
 * What a plan newly grants; undefined for a plan that is in sync or blocked. Reads the policies of the role only when the plan changes one.
 *
 * Errors: those of the readers.
 */
async function accessOfPlan(
  { actions, blockers }: Pick<Plan, "actions" | "blockers">,
  view: ObservedState,
  policies: PolicyDocuments,
  signal: AbortSignal,
): Promise<AccessReport | undefined> {
  if (blockers.length > 0 || actions.length === 0) return undefined;
  if (!actions.some(changesAccess) || actions.some(({ kind }) => kind === "DeleteRole")) return NOTHING_NEW;
  const before = await withInlinePolicies(view, policies, signal);
  const managed = await policies.managed(managedArnsOf(before, actions), signal);
  return plannedAccess(before, actions, managed, compareAccess);
}

/** The state with the documents of all inline policies: a plan compares only its own. */
async function withInlinePolicies(
  state: ObservedState,
  { inline }: PolicyDocuments,
  signal: AbortSignal,
): Promise<ObservedState> {
  const { role } = state;
  if (role.presence === "absent") return state;
  const missing = role.inlinePolicyNames.filter((name) => role.inlinePolicyDocuments[name] === undefined);
  const inlinePolicyDocuments: Record<string, string> = { ...role.inlinePolicyDocuments };
  for (const name of missing) {
    const text = await inline(role.roleName, name, signal);
    if (text !== undefined) inlinePolicyDocuments[name] = text;
  }
  return { ...state, role: { ...role, inlinePolicyDocuments } };
}

/** Reads the observed state of one object for a plan. */
export interface PlanReader {
  /**
   * As {@link observe}. A second read of the same object with another owner sends as few requests as possible.
   *
   * Errors: those of the readers.
   */
  read(desired: DesiredState, signal: AbortSignal): Promise<ObservedState>;
}

/** Reads each object with its own requests: up to five. */
export function objectByObject(iam: IamReader): PlanReader {
  return { read: (desired, signal) => observe(desired, iam, signal) };
}

/**
 * Looks up roles and their policies in an account snapshot, and reads the instance profile of each object that has one:
 * no list contains its owner tags.
 */
export function fromSnapshot(snapshot: AccountSnapshot, iam: IamReader): PlanReader {
  const profiles = new Map<string, ReturnType<IamReader["getInstanceProfile"]>>();
  const profileOf = (name: string, signal: AbortSignal): ReturnType<IamReader["getInstanceProfile"]> => {
    const key = nameKey(name);
    if (!snapshot.instanceProfiles.has(key)) return Promise.resolve(ABSENT);
    const known = profiles.get(key) ?? iam.getInstanceProfile(name, signal);
    profiles.set(key, known);
    return known;
  };
  return {
    async read(desired, signal) {
      if (desired.presence === "absent") return observe(desired, iam, signal);
      const instanceProfile = await profileOf(desired.instanceProfile.instanceProfileName, signal);
      const role = reported(snapshot.roles.get(nameKey(desired.role.roleName)), desired);
      if (role.presence === "absent" || needsPolicies(role.tags, desired)) {
        const managedPolicies = await observePolicies(desired, role, iam, signal);
        return { role, instanceProfile, ...(managedPolicies.length > 0 && { managedPolicies }) };
      }
      const nothingOnIt = { inlinePolicyNames: [], inlinePolicyDocuments: {}, managedPolicyArns: [] };
      return { role: { ...role, ...nothingOnIt }, instanceProfile };
    },
  };
}
