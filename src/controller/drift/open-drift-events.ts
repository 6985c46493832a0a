import type { WorkQueue } from "../../runtime/queue/work-queue.ts";
import type { ObjectCache } from "../../runtime/watch/store.ts";
import type { ControllerDependencies } from "../controller-settings.ts";
import type { ScanSupervisor } from "../scan/scan-supervisor.ts";
import { DriftEvents } from "./drift-events.ts";

/** What drift events share with the rest of the controller. */
interface KnownToDriftEvents {
  readonly queue: WorkQueue;
  readonly cache: Pick<ObjectCache, "get">;
  readonly scans: Pick<ScanSupervisor, "accountOf" | "instancesChanged">;
}

/** Longer than IAM usually takes to show a change everywhere. */
const RECHECK_MS = 15_000;

/** Creates the receivers of drift events; without queues, they do nothing. */
export function openDriftEvents(
  { driftEvents, settings, observers, ...deps }: ControllerDependencies,
  { queue, cache, scans }: KnownToDriftEvents,
): DriftEvents {
  const { clock, random, logger } = deps;
  return new DriftEvents({
    queues: driftEvents?.queues ?? [],
    isOwn: (requestId) => driftEvents?.ownRequests.has(requestId) ?? false,
    queue,
    accountOf(key) {
      const raw = cache.get(key);
      return raw && scans.accountOf(raw);
    },
    instancesChanged: (event) => scans.instancesChanged(event),
    clock,
    random,
    logger,
    recheckMs: Math.min(RECHECK_MS, settings.propagationWindowMs),
    observer: observers?.eventQueues,
  });
}
