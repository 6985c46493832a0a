import { isWholeCluster } from "../classes/class-tenure.ts";
import type { ControllerDependencies } from "../controller-settings.ts";
import { operatorQueues } from "../drift/open-drift-events.ts";
import { ScanSupervisor, type ScanSupervisorOptions } from "./scan-supervisor.ts";

/** What the scans share with the rest of a controller. */
export type ScanSurroundings = Pick<
  ScanSupervisorOptions,
  "classes" | "objects" | "queue" | "coverage" | "claims" | "orphans" | "enqueue"
>;

/** Opens the account scans of a controller, with the settings that concern them. */
export function openScans(deps: ControllerDependencies, surroundings: ScanSurroundings): ScanSupervisor {
  const { accounts, clusterId, clock, random, logger, settings } = deps;
  return new ScanSupervisor({
    ...surroundings,
    accounts,
    clusterId,
    clock,
    random,
    logger,
    settings,
    observerOf: deps.observers?.scans,
    isScoped: !isWholeCluster(deps.scope ?? {}),
    isDriftReported: operatorQueues(deps).length > 0,
    hasAccount: deps.shard?.hasAccount,
  });
}
