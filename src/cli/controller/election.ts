import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { API_GROUP } from "../../api/instance-profile.ts";
import { type DeploymentScope, scopeIdOf } from "../../controller/classes/class-tenure.ts";
import { groupIdentity, type Sharding } from "../../controller/shards/sharded-controller.ts";
import type { Exchange } from "../../kube/exchange.ts";
import { LeaseClient } from "../../kube/lease-client.ts";
import { systemClock } from "../../runtime/clock.ts";
import { LeaderElector } from "../../runtime/election/leader-election.ts";
import {
  DEFAULT_ELECTION_TIMINGS,
  type ElectionObserver,
  type ElectionTimings,
  timingsFault,
} from "../../runtime/election/leader-election-options.ts";
import { ShardElections, type ShardElectionsOptions } from "../../runtime/election/shard-elections.ts";
import type { Logger } from "../../telemetry.ts";
import { UsageError } from "../io.ts";
import { durationMs, type GivenOptions, namespaceOf, type OptionSpecs, wholeNumber } from "../options.ts";

/** The Lease for leader election and its timings. */
export interface ElectionSettings {
  readonly namespace: string;
  readonly name: string;
  readonly timings: ElectionTimings;
}

/** The settings that the command line gives; the namespace is that of the pod unless it is given. */
export type GivenElection = Omit<ElectionSettings, "namespace"> & { readonly namespace: string | undefined };

/** A bound on the requests to the API server: a holder renews the Lease of each shard every two seconds. */
const MAX_SHARDS = 100;
/** How long running reconciles can take on shutdown. All of shutdown must fit terminationGracePeriodSeconds. */
export const DRAIN_MS: number = 30_000;

/** The leader election options of `run`, named as those of Kubernetes components. */
export const ELECTION_OPTIONS: OptionSpecs = {
  "leader-elect": {
    type: "boolean",
    help: "reconcile only while holding a Lease: one replica is the leader, the others are warm standbys; required for more than one replica",
  },
  "leader-elect-namespace": {
    type: "string",
    value: "NAME",
    help: "namespace of the Lease; default: the pod's namespace",
  },
  "leader-elect-name": {
    type: "string",
    value: "NAME",
    help: "name of the Lease; default instance-profile-controller; deployments with different --namespace or --label-selector need different Leases",
  },
  "leader-elect-lease-duration": {
    type: "string",
    value: "DURATION",
    help: "how long a standby waits after the last renewal before it acquires the Lease; whole seconds, default 15s",
  },
  "leader-elect-renew-deadline": {
    type: "string",
    value: "DURATION",
    help: "how long the leader keeps working without a renewal, before it stops writing and exits; default 10s",
  },
  "leader-elect-retry-period": { type: "string", value: "DURATION", help: "interval between renewals; default 2s" },
  shards: {
    type: "string",
    value: "N",
    help: `number of shards, 1 to ${MAX_SHARDS}; with --leader-elect, replicas share the AWS accounts by shards, each with a Lease of its own; the same for all replicas; default 1: one replica has all accounts`,
  },
};

/** Reads the number of shards. Errors: UsageError. */
export function shardsOption(given: GivenOptions): number {
  const shards = wholeNumber("shards", given.text("shards"), { fallback: 1, min: 1, max: MAX_SHARDS });
  if (shards === 1 || given.flag("leader-elect")) return shards;
  throw new UsageError(
    "--shards needs --leader-elect, because replicas share the shards by Leases. Add --leader-elect.",
  );
}

/** Reads {@link ELECTION_OPTIONS}; undefined without `--leader-elect`. Errors: UsageError. */
export function electionSettings(given: GivenOptions): GivenElection | undefined {
  if (!given.flag("leader-elect")) return undefined;
  const duration = (option: string, fallbackMs: number): number => durationMs(option, given.text(option), fallbackMs);
  const timings = {
    leaseDurationMs: duration("leader-elect-lease-duration", DEFAULT_ELECTION_TIMINGS.leaseDurationMs),
    renewDeadlineMs: duration("leader-elect-renew-deadline", DEFAULT_ELECTION_TIMINGS.renewDeadlineMs),
    retryPeriodMs: duration("leader-elect-retry-period", DEFAULT_ELECTION_TIMINGS.retryPeriodMs),
  };
  const fault = timingsFault(timings);
  if (fault !== undefined) throw new UsageError(`--leader-elect: ${fault}`);
  return {
    namespace: namespaceOf("leader-elect-namespace", given.text("leader-elect-namespace")),
    name: given.text("leader-elect-name") ?? "instance-profile-controller",
    timings,
  };
}

/** The identity of a process: who it is, and a part that all replicas of its deployment share. Its parts contain no underscore. */
export function electionIdentity(scope: DeploymentScope, host: string = hostname()): string {
  return `${host.replaceAll("_", "-")}_${randomUUID()}_${scopeIdOf(scope)}`;
}

/** Why the holder of a Lease and a process of this scope must not share it: they watch different objects. */
export function scopeConflict(lease: string, scope: DeploymentScope, holder: string): string | undefined {
  const [, , scopeId] = holder.split("_");
  if (scopeId === undefined || scopeId === scopeIdOf(scope)) return undefined;
  return (
    `The Lease ${lease} is held by a deployment that watches other namespaces or labels, so the objects of this process are not reconciled. ` +
    "Give each deployment a Lease of its own with --leader-elect-name."
  );
}

/** What elections share. */
export interface ElectionParts {
  readonly exchange: Exchange;
  readonly fieldManager: string;
  readonly logger: Logger;
  /** By the name of the Lease. */
  readonly observerOf: (lease: string) => ElectionObserver;
  readonly scope: DeploymentScope;
}

/** The name of the Lease of a shard. */
export function shardLeaseName(name: string, shard: number): string {
  return `${name}-shard-${shard}`;
}

/** Creates the elector of this process. */
export function openElection(settings: ElectionSettings, parts: ElectionParts): LeaderElector {
  const observer = parts.observerOf(settings.name);
  return new LeaderElector({ ...common(settings, parts), lock: lockOf(settings, parts), observer });
}

/** Creates the part of this process in the elections of all shards. */
export function openShardElections(
  settings: ElectionSettings,
  sharding: Sharding,
  { open, ...parts }: ElectionParts & Pick<ShardElectionsOptions, "open">,
): ShardElections {
  const { name, timings } = settings;
  const observers = new Map<number, ElectionObserver>();
  return new ShardElections({
    ...common(settings, parts),
    shards: sharding.shards,
    groupLease: lockOf(settings, parts),
    groupIdentity: groupIdentity(sharding, scopeIdOf(parts.scope), timings.leaseDurationMs),
    lockOf: (shard) => lockOf({ ...settings, name: shardLeaseName(name, shard) }, parts),
    annotationPrefix: `${API_GROUP}/replica-`,
    observerOf(shard) {
      const observer = observers.get(shard) ?? parts.observerOf(shardLeaseName(name, shard));
      observers.set(shard, observer);
      return observer;
    },
    open,
    drainMs: DRAIN_MS,
  });
}

function common({ namespace, name, timings }: ElectionSettings, { scope, logger }: ElectionParts) {
  return {
    identity: electionIdentity(scope),
    conflictWith: (holder: string) => scopeConflict(`${namespace}/${name}`, scope, holder),
    clock: systemClock,
    random: Math.random,
    timings,
    logger,
  };
}

function lockOf({ namespace, name }: ElectionSettings, { exchange, fieldManager }: ElectionParts): LeaseClient {
  return new LeaseClient({ exchange, key: { namespace, name }, fieldManager });
}
