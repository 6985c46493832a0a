import type { InstanceProfile } from "../../api/instance-profile.ts";
import type { AwsConnection } from "../../aws/aws-connection.ts";
import { placeOf } from "../../controller/accounts/account-access.ts";
import type { ClassBinding } from "../../controller/classes/class-binding.ts";
import { inParallel } from "../../engine/concurrency.ts";
import { type AccountSnapshot, ALL_NAMES } from "../../engine/observe/account-snapshot.ts";
import { ClaimIndex } from "../../engine/observe/instance-claims.ts";
import type { InstanceObservation } from "../../engine/observe/observe-instances.ts";
import { PolicyExistence, policyVerifier } from "../../engine/observe/policy-existence.ts";
import { ProfileUsage } from "../../engine/observe/profile-usage.ts";
import { QuotaCache, type QuotaSource } from "../../engine/observe/quota-cache.ts";
import { RegionSnapshots } from "../../engine/observe/region-snapshots.ts";
import {
  fromSnapshot,
  objectByObject,
  type PlanAccess,
  type PolicyDocuments,
} from "../../engine/offline/plan-manifest.ts";
import type { TaggedRole } from "../../engine/ports.ts";
import type { AccountQuotas } from "../../model/account-quotas.ts";
import { claimOf } from "../../model/instances/claim-of.ts";
import type { InstanceClaim } from "../../model/instances/instance-claim.ts";
import { type AccountPlace, nameKey } from "../../model/naming.ts";
import type { ManagedPolicies } from "../../plan/access/role-access.ts";
import { systemClock } from "../../runtime/clock.ts";
import { type OnUnread, readManagedPolicies, scanIfPermitted, WHOLE_ACCOUNT_FROM } from "../read-aws.ts";

const NO_CLAIMS: readonly InstanceClaim[] = [];

/** What the manifests of one run are compared with, and where roles without a manifest are searched. */
export interface RunAccess extends PlanAccess {
  /** Returns every role of the account with its tags, sorted by name; scans the account if necessary. Errors: those of reading. */
  taggedRoles(signal: AbortSignal): Promise<readonly TaggedRole[]>;
}

/**
 * Creates the AWS access for the manifests of one run.
 *
 * @param isSinceLive also read the roles without a manifest, so that the account is read once for both
 *
 * Errors: those of reading the account, but for a missing permission.
 */
export async function planAccess(
  { objects, clusterId, isSinceLive, regions }: PlanSubject,
  aws: AwsConnection,
  signal: AbortSignal,
  onUnread: OnUnread,
): Promise<RunAccess> {
  const snapshot = await readWhole(objects, isSinceLive, aws, signal);
  return {
    quotas: quotasReadOnce(aws),
    reader: snapshot === undefined ? objectByObject(aws.iamReader) : fromSnapshot(snapshot, aws.iamReader),
    instances: instancesFor(objects, { clusterId, regions }, aws),
    policies: policyDocuments(aws, onUnread),
    verifier: policyVerifier(new PolicyExistence(() => systemClock.monotonicMs()), aws.iamReader),
    taggedRoles: async (abortSignal) =>
      isSinceLive && snapshot !== undefined ? rolesIn(snapshot) : aws.iamInventory.taggedRoles(abortSignal),
  };
}

/** Reads each managed policy once, for all objects. */
function policyDocuments(aws: AwsConnection, onUnread: OnUnread): PolicyDocuments {
  const reads = new Map<string, Promise<ManagedPolicies>>();
  const read = (arn: string, signal: AbortSignal): Promise<ManagedPolicies> => {
    const known = reads.get(arn) ?? readManagedPolicies([arn], aws, signal, onUnread);
    reads.set(arn, known);
    return known;
  };
  return {
    inline: aws.iamReader.getRolePolicy,
    managed: async (arns, signal) => {
      const found = await inParallel(arns, (arn) => read(arn, signal));
      return new Map(found.flatMap((documents) => [...documents]));
    },
  };
}

/** Reads quotas when the first plan needs them, and caches them. */
function quotasReadOnce({ accountReader }: AwsConnection): QuotaSource {
  const watch = new QuotaCache(accountReader, () => systemClock.monotonicMs());
  let reading: Promise<AccountQuotas | undefined> | undefined;
  const known: QuotaSource["known"] = (signal) => {
    reading ??= watch.refresh(0, signal);
    return reading;
  };
  return { known, refresh: (_maxAgeMs, signal) => known(signal) };
}

/** What one run plans. */
interface PlanSubject {
  readonly objects: readonly InstanceProfile[];
  /** Empty if not set. */
  readonly clusterId: string;
  readonly isSinceLive: boolean;
  /** Regions searched for instances; undefined: those that the account has enabled. */
  readonly regions: readonly string[] | undefined;
}

/** Returns undefined if each object is to be read individually. */
async function readWhole(
  objects: readonly InstanceProfile[],
  isSinceLive: boolean,
  aws: AwsConnection,
  signal: AbortSignal,
): Promise<AccountSnapshot | undefined> {
  if (objects.length < WHOLE_ACCOUNT_FROM) return undefined;
  const named = {
    roles: new Set(objects.map(({ spec }) => nameKey(spec.roleName))),
    instanceProfiles: new Set(objects.map(({ spec }) => nameKey(spec.instanceProfileName))),
  };
  return scanIfPermitted(isSinceLive ? ALL_NAMES : named, aws, signal);
}

function rolesIn({ roles, holders }: AccountSnapshot): readonly TaggedRole[] {
  return [...roles]
    .map(([key, { roleName, tags }]) => ({ roleName, tags, instanceProfileNames: holders.get(key) ?? [] }))
    .sort((a, b) => (a.roleName < b.roleName ? -1 : 1));
}

/** EC2 access that the manifests share. */
function instancesFor(
  objects: readonly InstanceProfile[],
  { clusterId, regions }: Pick<PlanSubject, "clusterId" | "regions">,
  { instanceReader: reader, region }: AwsConnection,
): InstanceObservation {
  const all = objects.map((object) => claimOf(object, clusterId)).filter((claim) => claim !== undefined);
  const byRegion = Map.groupBy(all, ({ instances }) => instances.region);
  return {
    reader,
    snapshots: new RegionSnapshots({ reader, monotonicMs: () => systemClock.monotonicMs(), propagationWindowMs: 0 }),
    // One read serves all manifests that are in sync.
    intervalMs: Number.POSITIVE_INFINITY,
    isUserWaiting: false,
    // Instances of adopted or deleted profiles are searched in these regions, as the controller does.
    guardRegions: async () => regions ?? [await region()].filter((it) => it !== undefined),
    isEveryRegionGuarded: regions === undefined,
    usage: new ProfileUsage({ reader, monotonicMs: () => systemClock.monotonicMs() }),
    claims: new ClaimIndex({ in: (wanted) => byRegion.get(wanted) ?? NO_CLAIMS }),
  };
}

/** The account, for an object with managed policies of its own: only their ARNs depend on it. */
export async function placeFor(
  binding: Exclude<ClassBinding, { readonly kind: "refused" }>,
  { accountIdentity }: AwsConnection,
  signal: AbortSignal,
): Promise<AccountPlace | undefined> {
  if (binding.object.spec.managedPolicies.length === 0) return undefined;
  return placeOf({ ownPlace: (abortSignal) => accountIdentity.place(abortSignal) }, binding, signal);
}
