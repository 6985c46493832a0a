import { KeyedMutex } from "../execute/keyed-mutex.ts";
import type { InstanceReader } from "../instance-ports.ts";
import { BoundaryPolicies } from "../observe/boundary-policies.ts";
import { QuotaCache } from "../observe/quota-cache.ts";
import { RecentWrites } from "../observe/recent-writes.ts";
import { RegionSnapshots } from "../observe/region-snapshots.ts";
import { SnapshotIndex } from "../observe/snapshot-index.ts";
import type { AccountReader, IamAccess, Urgency } from "../ports.ts";
import { FlapBreaker } from "../reconcile/flap-breaker.ts";

/**
 * One AWS account as the passes of all objects in it share it: the ways to call it, and what this process remembers of it.
 * Names of roles and profiles are unique within it, and mean nothing in another.
 */
export interface AwsAccount {
  /** By who waits for the calls. */
  readonly iam: Readonly<Record<Urgency, IamAccess>>;
  readonly recentWrites: RecentWrites;
  readonly adoptions: KeyedMutex;
  readonly breaker: FlapBreaker;
  /** To read all of it at once; undefined where that cannot be done. */
  readonly reader: AccountReader | undefined;
  /** What the last account scan saw. */
  readonly index: SnapshotIndex;
  readonly quotas: QuotaCache;
  readonly boundaries: BoundaryPolicies;
  readonly instances: AccountInstances;
}

/** The account's EC2 instances, as all objects see them. */
export interface AccountInstances {
  readonly reader: InstanceReader;
  readonly snapshots: RegionSnapshots;
  /** Between two readings of a region that nobody waits for. */
  readonly intervalMs: number;
  /** Where instances may use any profile, whatever its object says. */
  readonly guardRegions: () => Promise<readonly string[]>;
}

/** How often the instances of a region are read. */
export const DEFAULT_INSTANCES_INTERVAL_MS = 60_000;

/** What an account is made of. */
export interface AwsAccountOptions {
  /** For what a person waits for. */
  readonly change: IamAccess;
  /** For what nobody waits for; the same as `change` where the two need not be told apart. */
  readonly routine?: IamAccess;
  readonly reader?: AccountReader;
  readonly instanceReader: InstanceReader;
  readonly instancesIntervalMs?: number;
  readonly guardRegions?: () => Promise<readonly string[]>;
  /** See {@link RecentWrites}; 0 where reads never lag. */
  readonly propagationWindowMs: number;
  readonly monotonicMs: () => number;
}

/** An account of which nothing is remembered yet. */
export function openAwsAccount(options: AwsAccountOptions): AwsAccount {
  const { change, routine = change, reader, instanceReader, propagationWindowMs, monotonicMs } = options;
  const { instancesIntervalMs: intervalMs = DEFAULT_INSTANCES_INTERVAL_MS } = options;
  return {
    iam: { change, routine },
    recentWrites: new RecentWrites({ windowMs: propagationWindowMs, monotonicMs }),
    adoptions: new KeyedMutex(),
    breaker: new FlapBreaker(),
    reader,
    index: new SnapshotIndex(monotonicMs),
    quotas: new QuotaCache(reader, monotonicMs),
    boundaries: new BoundaryPolicies(monotonicMs),
    instances: {
      reader: instanceReader,
      snapshots: new RegionSnapshots({ reader: instanceReader, monotonicMs, propagationWindowMs }),
      intervalMs,
      guardRegions: options.guardRegions ?? (async () => []),
    },
  };
}
