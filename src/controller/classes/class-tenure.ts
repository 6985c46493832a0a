import { createHash } from "node:crypto";
import { FINALIZER, IN_USE_PREFIX } from "../finalizer.ts";

/** The objects that a deployment watches; without a field: all objects of the cluster. */
export type DeploymentScope = Readonly<Record<string, unknown>>;

/** How a deployment shares the classes of the cluster with others. */
export interface ClassTenure {
  /** Keeps a class while the deployment has objects of it. Each scope has its own, so that no deployment removes that of another. */
  readonly finalizer: string;
  /** True: the finalizer is on every class. False: only on those that the deployment has objects of. */
  readonly holdsAll: boolean;
  /** Whether it writes the status of classes and emits Events about them. One deployment of a cluster does. */
  readonly reports: boolean;
}

/** True when the deployment watches all objects of the cluster. */
export function isWholeCluster(scope: DeploymentScope): boolean {
  return Object.values(scope).every((part) => part === undefined);
}

/** The id of a scope, which is stable across restarts and the order of options: `all` for the whole cluster. */
export function scopeIdOf(scope: DeploymentScope): string {
  if (isWholeCluster(scope)) return "all";
  const parts = Object.entries(scope)
    .filter(([, part]) => part !== undefined)
    .map(([field, part]) => [field, Array.isArray(part) ? [...part].sort() : part])
    .sort();
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
}

/** @param reportsClasses unset: only a deployment that watches the whole cluster reports */
export function classTenure(scope: DeploymentScope, reportsClasses: boolean | undefined): ClassTenure {
  const holdsAll = isWholeCluster(scope);
  const finalizer = holdsAll ? FINALIZER : `${IN_USE_PREFIX}${scopeIdOf(scope)}`;
  return { finalizer, holdsAll, reports: reportsClasses ?? holdsAll };
}
