import type { InstanceProfileSpec, PolicySpec } from "../../api/instance-profile.ts";
import { policiesOf } from "../../model/policy/policy-spec.ts";
import type { Bounds, Violation } from "./class-bounds.ts";
import { guardAccess } from "./class-guards-access.ts";
import { guardMaximumAccess } from "./class-guards-maximum.ts";
import { guardNames, guardOwnPolicies, guardUse } from "./class-guards-names.ts";
import { guardStatements } from "./class-guards-statements.ts";

/** The reasons of violations: an object that is not Ready for one of them violates its class. */
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
  "AccessNotAllowed",
  "PolicyTooComplex",
  "ManagedPolicyNotAllowed",
  "TrustServiceNotAllowed",
  "TrustStatementNotAllowed",
  "ExternalRoleNotAllowed",
  "AdoptionNotAllowed",
  "AdoptFromNotAllowed",
  "InstancesNotAllowed",
  "InstanceRegionNotAllowed",
  "SessionDurationNotAllowed",
  "DeletionPolicyNotAllowed",
]);

/**
 * Every violation of a class by a spec; empty when the spec is compliant. It depends on the two alone and is decided before AWS is read.
 * Deterministic, and bounded in time whatever the spec.
 */
export function classViolations(spec: InstanceProfileSpec, bounds: Bounds): readonly Violation[] {
  const use = guardUse(bounds);
  // A namespace that the class does not allow must not learn what the class allows.
  if (use.some(({ reason }) => reason === "NamespaceNotAllowed")) return use;
  const policies = policiesOf(spec);
  const statements = guardStatements(policies, bounds);
  // A managed policy that the class refuses as a whole is not written, and what it denies does not count.
  const refused = new Set(guardOwnPolicies(spec, bounds).map(({ excess }) => JSON.stringify(excess)));
  const isRefused = ({ name }: PolicySpec): boolean => refused.has(JSON.stringify({ kind: "ownPolicy", name }));
  const written = [...spec.inlinePolicies, ...spec.managedPolicies.filter((policy) => !isRefused(policy))];
  return [
    ...use,
    ...guardNames(spec, bounds),
    ...statements,
    ...ofOtherStatements(guardMaximumAccess(written, bounds), statements),
    ...guardAccess(spec, bounds),
  ];
}

/** The violations without those of statements that the class refuses already: a fault is reported once. What is not decided refuses nothing. */
function ofOtherStatements(found: readonly Violation[], reported: readonly Violation[]): readonly Violation[] {
  const refused = new Set(
    reported.filter(({ reason }) => reason !== "PolicyTooComplex").map(({ excess }) => JSON.stringify(excess)),
  );
  return found.filter(({ excess }) => !refused.has(JSON.stringify(excess)));
}
