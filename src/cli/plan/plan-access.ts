import type { InstanceProfile } from "../../api/instance-profile.ts";
import type { AwsConnection } from "../../aws/aws-connection.ts";
import { type AwsRates, DEFAULT_AWS_RATES } from "../../aws/call/call-limiter.ts";
import { type AccountSnapshot, ALL_NAMES, takeSnapshot } from "../../engine/observe/account-snapshot.ts";
import { ClaimIndex } from "../../engine/observe/instance-claims.ts";
import type { TaggedRole } from "../../engine/observe/inventory.ts";
import type { InstanceObservation } from "../../engine/observe/observe-instances.ts";
import { QuotaCache, type QuotaSource } from "../../engine/observe/quota-cache.ts";
import { RegionSnapshots } from "../../engine/observe/region-snapshots.ts";
import type { PlanAccess } from "../../engine/offline/plan-manifest.ts";
import { fromSnapshot, objectByObject } from "../../engine/offline/plan-reader.ts";
import { dispositionOf } from "../../errors.ts";
import type { AccountQuotas } from "../../model/account-quotas.ts";
import { claimOf } from "../../model/instances/claim-of.ts";
import type { InstanceClaim } from "../../model/instances/instance-claim.ts";
import { nameKey } from "../../model/naming.ts";
import { systemClock } from "../../runtime/clock.ts";

/** A person or a pipeline waits for a plan, and it ends soon: it may ask more at once than what runs for ever. */
export const PLAN_RATES: AwsRates = { ...DEFAULT_AWS_RATES, readsPerSecond: 20 };

/**
 * From so many manifests on the account is read as a whole: three calls for some hundreds of roles instead of five for each
 * manifest.
 */
const WHOLE_ACCOUNT_FROM = 10;

const NO_CLAIMS: readonly InstanceClaim[] = [];

/** What the manifests of one run are compared with, and where roles without a manifest are looked for. */
export interface RunAccess extends PlanAccess {
  /** Every role of the account with its tags, sorted by name; read for this where it is not known. Errors: those of reading. */
  taggedRoles(signal: AbortSignal): Promise<readonly TaggedRole[]>;
}

/**
 * @param isSinceLive the roles without a manifest are asked for as well: the account is read once for both
 *
 * Errors: those of reading the account, but for a missing permission.
 */
export async function planAccess(
  { objects, clusterId, isSinceLive, regions }: PlanSubject,
  aws: AwsConnection,
  signal: AbortSignal,
): Promise<RunAccess> {
  const snapshot = await readWhole(objects, isSinceLive, aws, signal);
  return {
    quotas: quotasReadOnce(aws),
    reader: snapshot === undefined ? objectByObject(aws.iamReader) : fromSnapshot(snapshot, aws.iamReader),
    instances: instancesFor(objects, { clusterId, regions }, aws),
    taggedRoles: async (asked) =>
      isSinceLive && snapshot !== undefined ? rolesIn(snapshot) : aws.iamInventory.taggedRoles(asked),
  };
}

/** Quotas that are read when the first plan writes, and not again. */
function quotasReadOnce({ accountReader }: AwsConnection): QuotaSource {
  const watch = new QuotaCache(accountReader, () => systemClock.monotonicMs());
  let reading: Promise<AccountQuotas | undefined> | undefined;
  const known: QuotaSource["known"] = (signal) => {
    reading ??= watch.refresh(0, signal);
    return reading;
  };
  return { known, refresh: (_maxAgeMs, signal) => known(signal) };
}

/** What is planned in one run. */
interface PlanSubject {
  readonly objects: readonly InstanceProfile[];
  /** Empty when none was named. */
  readonly clusterId: string;
  readonly isSinceLive: boolean;
  /** Where instances are searched for; undefined: in the region of the credentials. */
  readonly regions: readonly string[] | undefined;
}

/** Undefined where each object is to be read by itself. */
async function readWhole(
  objects: readonly InstanceProfile[],
  isSinceLive: boolean,
  { accountReader }: AwsConnection,
  signal: AbortSignal,
): Promise<AccountSnapshot | undefined> {
  if (objects.length < WHOLE_ACCOUNT_FROM) return undefined;
  const named = {
    roles: new Set(objects.map(({ spec }) => nameKey(spec.roleName))),
    instanceProfiles: new Set(objects.map(({ spec }) => nameKey(spec.instanceProfileName))),
  };
  try {
    const wanted = isSinceLive ? ALL_NAMES : named;
    return await takeSnapshot(wanted, accountReader, () => systemClock.monotonicMs(), signal);
  } catch (error) {
    // Whoever may not read the whole account may still read what the manifests name.
    if (dispositionOf(error) !== "blocked") throw error;
    return undefined;
  }
}

function rolesIn({ roles, holders }: AccountSnapshot): readonly TaggedRole[] {
  return [...roles]
    .map(([key, { roleName, tags }]) => ({ roleName, tags, instanceProfileNames: holders.get(key) ?? [] }))
    .sort((a, b) => (a.roleName < b.roleName ? -1 : 1));
}

/** EC2 as the objects of these manifests share it. */
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
    // One reading serves all manifests that are in sync.
    intervalMs: Number.POSITIVE_INFINITY,
    isUserWaiting: false,
    // Where the instances of what is adopted, or has no manifest any more, are looked for, as the controller does.
    guardRegions: async () => regions ?? [await region()].filter((it) => it !== undefined),
    claims: new ClaimIndex({ in: (wanted) => byRegion.get(wanted) ?? NO_CLAIMS }),
  };
}
