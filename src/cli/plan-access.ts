import type { InstanceProfile } from "../api/instance-profile.ts";
import type { AwsConnection } from "../aws/aws-connection.ts";
import { type AwsRates, DEFAULT_AWS_RATES } from "../aws/call-limiter.ts";
import { takeSnapshot } from "../engine/account-snapshot.ts";
import { ClaimIndex } from "../engine/instance-claims.ts";
import type { InstanceObservation } from "../engine/observe-instances.ts";
import type { PlanAccess } from "../engine/plan-manifest.ts";
import { fromSnapshot, objectByObject, type PlanReader } from "../engine/plan-reader.ts";
import { RegionSnapshots } from "../engine/region-snapshots.ts";
import { dispositionOf } from "../errors.ts";
import { claimOf } from "../model/claim-of.ts";
import type { InstanceClaim } from "../model/instance-claim.ts";
import { nameKey } from "../model/naming.ts";
import { systemClock } from "../runtime/clock.ts";

/** A person or a pipeline waits for a plan, and it ends soon: it may ask more at once than what runs for ever. */
export const PLAN_RATES: AwsRates = { ...DEFAULT_AWS_RATES, readsPerSecond: 20 };

/**
 * From so many manifests on the account is read as a whole: three calls for some hundreds of roles instead of five for each
 * manifest.
 */
const WHOLE_ACCOUNT_FROM = 10;

const NO_CLAIMS: readonly InstanceClaim[] = [];

/** What the manifests of one run are compared with. Errors: those of reading the account, but for a missing permission. */
export async function planAccess(
  objects: readonly InstanceProfile[],
  clusterId: string,
  aws: AwsConnection,
  signal: AbortSignal,
): Promise<PlanAccess> {
  return { reader: await planReader(objects, aws, signal), instances: instancesFor(objects, clusterId, aws) };
}

async function planReader(
  objects: readonly InstanceProfile[],
  { iamReader, accountReader }: AwsConnection,
  signal: AbortSignal,
): Promise<PlanReader> {
  if (objects.length < WHOLE_ACCOUNT_FROM) return objectByObject(iamReader);
  const wanted = {
    roles: new Set(objects.map(({ spec }) => nameKey(spec.roleName))),
    instanceProfiles: new Set(objects.map(({ spec }) => nameKey(spec.instanceProfileName))),
  };
  try {
    const snapshot = await takeSnapshot(wanted, accountReader, () => systemClock.monotonicMs(), signal);
    return fromSnapshot(snapshot, iamReader);
  } catch (error) {
    // Whoever may not read the whole account may still read what the manifests name.
    if (dispositionOf(error) !== "blocked") throw error;
    return objectByObject(iamReader);
  }
}

/** EC2 as the objects of these manifests share it. */
function instancesFor(
  objects: readonly InstanceProfile[],
  clusterId: string,
  { instanceReader: reader, region }: AwsConnection,
): InstanceObservation {
  const all = objects.map((object) => claimOf(object, clusterId)).filter((claim) => claim !== undefined);
  const byRegion = Map.groupBy(all, ({ instances }) => instances.region);
  return {
    reader,
    snapshots: new RegionSnapshots({ reader, monotonicMs: () => systemClock.monotonicMs(), settleWindowMs: 0 }),
    // One reading serves all manifests that are in sync.
    intervalMs: Number.POSITIVE_INFINITY,
    isAwaited: false,
    // Where the instances of what has no manifest any more are looked for, as the controller does.
    guardRegions: async () => [await region()].filter((it) => it !== undefined),
    claims: new ClaimIndex({ in: (wanted) => byRegion.get(wanted) ?? NO_CLAIMS }),
  };
}
