import type { InstanceProfileSpec } from "../../api/instance-profile.ts";
import type { Bounds, Violation } from "./class-bounds.ts";
import { guardAccess } from "./class-guards-access.ts";
import { guardNames, guardUse } from "./class-guards-names.ts";
import { guardStatements } from "./class-guards-statements.ts";

/** The reasons of violations: an object that is not Ready for one of them does not fit its class. */
export const VIOLATION_REASONS: ReadonlySet<string> = new Set([
  "NamespaceNotAllowed",
  "TooManyObjects",
  "RoleNameNotAllowed",
  "PathNotAllowed",
  "BoundaryNotAllowed",
  "TagNotAllowed",
  "ActionNotAllowed",
  "ActionDenied",
  "NotActionsNotAllowed",
  "ResourceNotAllowed",
  "NotResourcesNotAllowed",
  "PolicyTooComplex",
  "ManagedPolicyNotAllowed",
  "TrustServiceNotAllowed",
  "TrustStatementNotAllowed",
  "AdoptionNotAllowed",
  "InstancesNotAllowed",
  "InstanceRegionNotAllowed",
  "SessionDurationNotAllowed",
  "DeletionPolicyNotAllowed",
]);

/**
 * Every way in which a spec does not fit its class; none: it fits. Decided from the two alone, before anything is read from AWS.
 * Deterministic, and bounded in time whatever the spec.
 */
export function classViolations(spec: InstanceProfileSpec, bounds: Bounds): readonly Violation[] {
  const use = guardUse(bounds);
  // Who may not use the class at all is not told what it allows.
  if (use.some(({ reason }) => reason === "NamespaceNotAllowed")) return use;
  return [...use, ...guardNames(spec, bounds), ...guardStatements(spec, bounds), ...guardAccess(spec, bounds)];
}
