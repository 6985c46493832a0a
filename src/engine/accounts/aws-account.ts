import type { SqsQueueUrl } from "../../model/queue-url.ts";
import { KeyedMutex } from "../concurrency.ts";
import { DriftMemory } from "../drift/drift-memory.ts";
import type { EventQueue } from "../drift/event-queue.ts";
import type { InstanceReader } from "../instance-ports.ts";
import { PolicyExistence } from "../observe/policy-existence.ts";
import { ProfileUsage } from "../observe/profile-usage.ts";
import { QuotaCache } from "../observe/quota-cache.ts";
import { RecentWrites } from "../observe/recent-writes.ts";
import { RegionSnapshots } from "../observe/region-snapshots.ts";
import { SnapshotIndex } from "../observe/snapshot-index.ts";
import type { AccountReader, IamAccess, Urgency } from "../ports.ts";
import { FlapBreaker } from "../reconcile/flap-breaker.ts";

/**
 * One AWS account, shared by the reconciles of all its objects: its clients, caches and locks. Names of roles and
 * profiles are unique within an account only.
 */
export interface AwsAccount {
  /** One client for each urgency. */
  readonly iam: Readonly<Record<Urgency, IamAccess>>;
  readonly recentWrites: RecentWrites;
  readonly adoptions: KeyedMutex;
  readonly breaker: FlapBreaker;
  /** Reads the whole account for account scans; undefined where that is not possible. */
  readonly reader: AccountReader | undefined;
  /** The results of the last account scan. */
  readonly index: SnapshotIndex;
  /** What reported changes have touched. */
  readonly drift: DriftMemory;
  readonly quotas: QuotaCache;
  readonly policies: PolicyExistence;
  readonly instances: AccountInstances;
  /** The event queue of this URL; unset where none can be polled. Sends no request. */
  readonly eventQueue?: OpenEventQueue | undefined;
}

/** Opens an event queue by its URL: the same queue each time. Sends no request. */
type OpenEventQueue = (url: SqsQueueUrl) => EventQueue;

/** The access to the account's EC2 instances, shared by all objects. */
export interface AccountInstances {
  readonly reader: InstanceReader;
  readonly snapshots: RegionSnapshots;
  /** The interval between two routine reads of a region. */
  readonly intervalMs: number;
  /** The regions that are read for users of any instance profile before it is deleted. */
  readonly guardRegions: () => Promise<readonly string[]>;
  /** True when the other regions that the account has enabled are searched too. */
  readonly isEveryRegionGuarded: boolean;
  readonly usage: ProfileUsage;
}

/** The default interval between two reads of the instances of a region. */
export const DEFAULT_INSTANCES_INTERVAL_MS = 60_000;

/** The dependencies of {@link openAwsAccount}. */
export interface AwsAccountOptions {
  /** For changes by users. */
  readonly change: IamAccess;
  /** By urgency. Default: `change` for all. */
  readonly iam?: Readonly<Record<Urgency, IamAccess>>;
  readonly reader?: AccountReader;
  readonly instanceReader: InstanceReader;
  readonly instancesIntervalMs?: number;
  readonly guardRegions?: () => Promise<readonly string[]>;
  /** Default: false. */
  readonly isEveryRegionGuarded?: boolean;
  readonly eventQueue?: OpenEventQueue;
  /** See {@link RecentWrites}; 0 where reads never lag. */
  readonly propagationWindowMs: number;
  readonly monotonicMs: () => number;
}

/** Opens an account with empty caches; sends no request. */
export function openAwsAccount(options: AwsAccountOptions): AwsAccount {
  const { change, reader, instanceReader, propagationWindowMs, monotonicMs } = options;
  const { instancesIntervalMs: intervalMs = DEFAULT_INSTANCES_INTERVAL_MS } = options;
  return {
    iam: options.iam ?? { narrowing: change, change, bulk: change, routine: change },
    recentWrites: new RecentWrites({ windowMs: propagationWindowMs, monotonicMs }),
    adoptions: new KeyedMutex(),
    breaker: new FlapBreaker(monotonicMs),
    reader,
    index: new SnapshotIndex(monotonicMs),
    drift: new DriftMemory(),
    quotas: new QuotaCache(reader, monotonicMs),
    policies: new PolicyExistence(monotonicMs),
    instances: {
      reader: instanceReader,
      snapshots: new RegionSnapshots({ reader: instanceReader, monotonicMs, propagationWindowMs }),
      intervalMs,
      guardRegions: options.guardRegions ?? (async () => []),
      isEveryRegionGuarded: options.isEveryRegionGuarded ?? false,
      usage: new ProfileUsage({ reader: instanceReader, monotonicMs, intervalMs }),
    },
    eventQueue: options.eventQueue,
  };
}
