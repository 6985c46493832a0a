import type { WorkQueue } from "../../runtime/queue/work-queue.ts";
import type { ObjectCache } from "../../runtime/watch/store.ts";
import type { ClassResolver } from "../classes/class-resolver.ts";
import { classTenure } from "../classes/class-tenure.ts";
import type { ControllerDependencies, DriftSources } from "../controller-settings.ts";
import type { ScanSupervisor } from "../scan/scan-supervisor.ts";
import { classQueues } from "./class-queues.ts";
import { DriftEvents } from "./drift-events.ts";

/** What drift events share with the rest of the controller. */
interface KnownToDriftEvents {
  readonly queue: WorkQueue;
  readonly cache: Pick<ObjectCache, "get" | "list">;
  readonly classes: ClassResolver;
  readonly scans: Pick<ScanSupervisor, "accountOf" | "instancesChanged">;
}

/** Longer than IAM usually takes to show a change everywhere. */
const RECHECK_MS = 15_000;

/** The operator's queues. A dry run receives no messages, because a controller that enforces would miss them. */
export function operatorQueues({
  driftEvents,
  settings,
}: Pick<ControllerDependencies, "driftEvents" | "settings">): DriftSources["queues"] {
  return settings.isDryRun ? [] : (driftEvents?.queues ?? []);
}

/** Creates the receivers of drift events; without queues, they do nothing. */
export function openDriftEvents(
  deps: ControllerDependencies,
  { queue, cache, classes, scans }: KnownToDriftEvents,
): DriftEvents {
  const { accounts, driftEvents, settings, observers, scope = {}, shard, clock, random, logger } = deps;
  const hasAccount = shard?.hasAccount ?? (() => true);
  // One deployment of a cluster receives the events of classes, because a message is received once.
  const { reports } = classTenure(scope, settings.reportsClasses);
  const pollsClasses = driftEvents !== undefined && reports && !settings.isDryRun;
  const reserved = driftEvents?.reservedNames ?? new Set(driftEvents?.queues.map(({ name }) => name));
  const ofClasses = { classes: classes.classes, accounts, hasAccount, reserved };
  return new DriftEvents({
    queues: operatorQueues(deps),
    classQueues: () => (pollsClasses ? classQueues(ofClasses) : new Map()),
    isOwn: (requestId) => driftEvents?.ownRequests.has(requestId) ?? false,
    queue,
    objects: () => cache.list().filter((raw) => hasAccount(classes.accountOf(raw))),
    accountOf(key) {
      const raw = cache.get(key);
      return raw && scans.accountOf(raw);
    },
    accountKeyOf(key) {
      const raw = cache.get(key);
      return raw && classes.accountOf(raw);
    },
    instancesChanged: (event) => scans.instancesChanged(event),
    clock,
    random,
    logger,
    recheckMs: Math.min(RECHECK_MS, settings.propagationWindowMs),
    observer: observers?.eventQueues,
  });
}
