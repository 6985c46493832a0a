import type { AccountRegistry } from "../engine/accounts/account-registry.ts";
import type { EventQueue } from "../engine/drift/event-queue.ts";
import type { OwnRequests } from "../engine/drift/own-requests.ts";
import type { CrdReader, EventSink, ObjectClient } from "../engine/ports.ts";
import type { Place } from "../model/place.ts";
import type { Variables } from "../model/variables/template.ts";
import type { DefaultDeletionPolicy } from "../plan/class/class-deletion.ts";
import type { Clock } from "../runtime/clock.ts";
import type { QueueObserver } from "../runtime/queue/work-queue.ts";
import type { WorkerObserver } from "../runtime/queue/workers.ts";
import type { ListWatch } from "../runtime/watch/list-watch.ts";
import type { SharedWatch } from "../runtime/watch/reflector-group.ts";
import type { ReflectorObserver } from "../runtime/watch/reflector-options.ts";
import type { RequeueIntervals } from "../status/requeue.ts";
import type { Logger } from "../telemetry.ts";
import type { EventQueueObserver } from "./drift/event-queue-loop.ts";
import type { OrphanObserver, OrphanPolicy } from "./orphans/orphan-options.ts";
import type { CrdDeletionPolicy } from "./reconcile/crd-deletion.ts";
import type { ResultObserver } from "./reconcile/telemetry.ts";
import type { ScanObserver } from "./scan/iam-scan.ts";

/** The observers that record metrics. */
export interface ControllerObservers {
  readonly queue?: QueueObserver;
  readonly workers?: WorkerObserver;
  readonly reflector?: ReflectorObserver;
  readonly results?: ResultObserver;
  /** By account: its id, or OWN_ACCOUNT. */
  readonly scans?: (account: string) => ScanObserver;
  /** By account: its id, or OWN_ACCOUNT; called with the results of orphan scans. */
  readonly orphans?: (account: string) => OrphanObserver;
  readonly eventQueues?: EventQueueObserver;
}

/** The settings that an operator can configure. */
export interface ControllerSettings {
  /** The number of objects that are reconciled at the same time. */
  readonly concurrency: number;
  readonly intervals: RequeueIntervals;
  readonly propagationWindowMs: number;
  /** The interval between two account scans. */
  readonly scanIntervalMs: number;
  /** What to do with roles in AWS whose object no longer exists; see docs/adr/0015. */
  readonly orphanPolicy: OrphanPolicy;
  /** What happens in AWS to the objects that go with their CRD. */
  readonly crdDeletionPolicy: CrdDeletionPolicy;
  /** Whether objects without a class may adopt unowned roles. Default: false. */
  readonly allowsAdoption?: boolean;
  /** The ids of the clusters that objects without a class may adopt from. Default: none. */
  readonly adoptsFrom?: readonly string[];
  /** Whether objects without a class may put roles of others into instance profiles. Default: false. */
  readonly allowsExternalRoles?: boolean;
  /** What happens to what the controller created, for objects without a deletion policy. Default: Delete. */
  readonly defaultDeletionPolicy?: DefaultDeletionPolicy | undefined;
  /** The variables of objects without a class. Default: none but those that every object has. */
  readonly variables?: Variables;
  /** Whether the status of classes is written. Default: only if all objects of the cluster are watched. */
  readonly reportsClasses?: boolean | undefined;
  /** How long to wait for the first list before `start` fails. */
  readonly syncTimeoutMs: number;
  /** Whether the controller writes nothing to AWS and reports what it would write. Default: false. */
  readonly isDryRun?: boolean;
  /** Whether objects without a class are blocked even if the cluster has no classes. Default: false. */
  readonly requiresClass?: boolean;
}

/** The events about changes in AWS, beside those of the queues that classes name. */
export interface DriftSources {
  /** The operator's queues. */
  readonly queues: readonly EventQueue[];
  /** The names of the operator's queues of every shard; unset: those of `queues`. */
  readonly reservedNames?: ReadonlySet<string>;
  /** The requests of all connections to AWS. */
  readonly ownRequests: OwnRequests;
}

/** The part of a controller that holds one shard of the accounts. */
export interface ControllerShard {
  /** True for an account of the shard, by its key; undefined stands for objects and classes without a valid account. */
  readonly hasAccount: (accountKey: string | undefined) => boolean;
  /** The watches of the process. */
  readonly objects: SharedWatch;
  readonly classes: SharedWatch;
}

/** The dependencies of the controller, created by the composition root. */
export interface ControllerDependencies {
  /** One for each namespace of `scope`, or one for all. */
  readonly listWatches: readonly ListWatch[];
  readonly scope?: { readonly namespaces?: readonly string[]; readonly labelSelector?: string };
  readonly objects: ObjectClient;
  /** Unset: the controller has all accounts, and watches of its own. */
  readonly shard?: ControllerShard;
  /** InstanceProfileClasses. */
  readonly classes: { readonly listWatch: ListWatch; readonly client: ObjectClient };
  /** Of the CRD of InstanceProfiles. */
  readonly crd: CrdReader;
  readonly events: EventSink;
  readonly accounts: AccountRegistry;
  /** The events about changes in AWS; unset: only scans find drift. */
  readonly driftEvents?: DriftSources | undefined;
  /** Where the controller's own credentials are; unset: unknown. */
  readonly ownPlace?: Pick<Place, "region" | "partition">;
  readonly clusterId: string;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly newReconcileId: () => string;
  readonly logger: Logger;
  readonly settings: ControllerSettings;
  readonly observers?: ControllerObservers;
}
