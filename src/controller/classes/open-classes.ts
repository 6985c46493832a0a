import { boundaryOf } from "../accounts/account-access.ts";
import type { ControllerDependencies } from "../controller-settings.ts";
import type { CountedOrphans } from "../orphans/counted-orphans.ts";
import type { Urgency } from "../urgency.ts";
import { ClassController } from "./class-controller.ts";
import { classTenure } from "./class-tenure.ts";
import type { ObjectsByClass } from "./objects-by-class.ts";

/** What the classes share with the rest of a controller. */
export interface ClassSurroundings {
  /** The objects in the cache, with the controller's own statuses. */
  readonly objects: ObjectsByClass;
  readonly orphans: CountedOrphans;
  /** Called when the classes that exist, or their accounts, have changed. */
  readonly onChange: () => void;
  readonly enqueue: (key: string, urgency: Urgency) => void;
}

/** Opens the class controller of a controller, with the settings that concern classes. */
export function openClasses(deps: ControllerDependencies, surroundings: ClassSurroundings): ClassController {
  const { accounts, clusterId, clock, random, logger, events, newReconcileId, settings, ownPlace } = deps;
  return new ClassController({
    own: () => ({ place: { ...ownPlace, accountId: accounts.ownId }, variables: settings.variables ?? {} }),
    ...deps.classes,
    ...surroundings,
    clusterId,
    clock,
    random,
    logger,
    events,
    newReconcileId,
    verify: (of, signal) => accounts.verify(of, signal),
    boundaryOf: (of, signal) => boundaryOf(accounts, of, signal),
    requiresClass: settings.requiresClass ?? false,
    allowsExternalRoles: settings.allowsExternalRoles,
    defaultDeletionPolicy: settings.defaultDeletionPolicy,
    isDryRun: settings.isDryRun,
    tenure: classTenure(deps.scope ?? {}, settings.reportsClasses),
    hasAccount: deps.shard?.hasAccount,
    shared: deps.shard?.classes,
  });
}
