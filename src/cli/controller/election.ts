import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Exchange } from "../../kube/exchange.ts";
import { LeaseClient } from "../../kube/lease-client.ts";
import { systemClock } from "../../runtime/clock.ts";
import { LeaderElector } from "../../runtime/election/leader-election.ts";
import type { ElectionObserver } from "../../runtime/election/leader-election-options.ts";
import {
  defaultElectionTimings,
  type ElectionTimings,
  timingsFault,
} from "../../runtime/election/leader-election-timings.ts";
import type { Logger } from "../../telemetry.ts";
import { UsageError } from "../io.ts";
import { durationMs, type GivenOptions, type OptionSpecs } from "../options.ts";

/** Which lease decides who leads, and how fast. */
export interface ElectionSettings {
  readonly namespace: string;
  readonly name: string;
  readonly timings: ElectionTimings;
}

/** The options of `run` about the election, named as those of Kubernetes' own components. */
export const ELECTION_OPTIONS: OptionSpecs = {
  "leader-elect": { type: "boolean", help: "work only while holding a Lease; needed for more than one replica" },
  "leader-elect-namespace": { type: "string", value: "NAME", help: "namespace of the Lease; default: the pod's own" },
  "leader-elect-name": {
    type: "string",
    value: "NAME",
    help: "name of the Lease; default instance-profile-controller",
  },
  "leader-elect-lease-duration": {
    type: "string",
    value: "DURATION",
    help: "how long others wait after the leader's last sign; whole seconds, default 15s",
  },
  "leader-elect-renew-deadline": {
    type: "string",
    value: "DURATION",
    help: "how long a leader may go on without renewing; default 10s",
  },
  "leader-elect-retry-period": { type: "string", value: "DURATION", help: "between two renewals; default 2s" },
};

/** What the options ask for; undefined when there is to be no election. Errors: UsageError. */
export function electionSettings(given: GivenOptions, ownNamespace: string): ElectionSettings | undefined {
  if (!given.flag("leader-elect")) return undefined;
  const duration = (option: string, fallbackMs: number): number => durationMs(option, given.text(option), fallbackMs);
  const timings = {
    leaseDurationMs: duration("leader-elect-lease-duration", defaultElectionTimings.leaseDurationMs),
    renewDeadlineMs: duration("leader-elect-renew-deadline", defaultElectionTimings.renewDeadlineMs),
    retryPeriodMs: duration("leader-elect-retry-period", defaultElectionTimings.retryPeriodMs),
  };
  const fault = timingsFault(timings);
  if (fault !== undefined) throw new UsageError(`--leader-elect: ${fault}`);
  return {
    namespace: given.text("leader-elect-namespace") ?? ownNamespace,
    name: given.text("leader-elect-name") ?? "instance-profile-controller",
    timings,
  };
}

/** This process as a candidate. */
export function openElection(
  { namespace, name, timings }: ElectionSettings,
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
    identity: `${hostname()}_${randomUUID()}`,
    clock: systemClock,
    random: Math.random,
    timings,
    logger,
    observer,
  });
}
