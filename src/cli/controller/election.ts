import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { type DeploymentScope, scopeIdOf } from "../../controller/classes/class-tenure.ts";
import type { Exchange } from "../../kube/exchange.ts";
import { LeaseClient } from "../../kube/lease-client.ts";
import { systemClock } from "../../runtime/clock.ts";
import { LeaderElector } from "../../runtime/election/leader-election.ts";
import type { ElectionObserver } from "../../runtime/election/leader-election-options.ts";
import {
  DEFAULT_ELECTION_TIMINGS,
  type ElectionTimings,
  timingsFault,
} from "../../runtime/election/leader-election-timings.ts";
import type { Logger } from "../../telemetry.ts";
import { UsageError } from "../io.ts";
import { durationMs, type GivenOptions, namespaceOf, type OptionSpecs } from "../options.ts";

/** The Lease for leader election and its timings. */
export interface ElectionSettings {
  readonly namespace: string;
  readonly name: string;
  readonly timings: ElectionTimings;
}

/** The settings that the command line gives; the namespace is that of the pod unless it is given. */
export type GivenElection = Omit<ElectionSettings, "namespace"> & { readonly namespace: string | undefined };

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
};

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

/** The identity of a process: who it is, and a part that all replicas of its deployment share. */
function electionIdentity(scope: DeploymentScope): string {
  return `${hostname()}_${randomUUID()}_${scopeIdOf(scope)}`;
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

/** Creates the elector of this process. */
export function openElection(
  { namespace, name, timings }: ElectionSettings,
  scope: DeploymentScope,
  parts: {
    readonly exchange: Exchange;
    readonly fieldManager: string;
    readonly logger: Logger;
    readonly observer: ElectionObserver;
  },
): LeaderElector {
  const { exchange, fieldManager, logger, observer } = parts;
  return new LeaderElector({
    lock: new LeaseClient({ exchange, key: { namespace, name }, fieldManager }),
    identity: electionIdentity(scope),
    conflictWith: (holder) => scopeConflict(`${namespace}/${name}`, scope, holder),
    clock: systemClock,
    random: Math.random,
    timings,
    logger,
    observer,
  });
}
