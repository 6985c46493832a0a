import { hasExternalRole, type InstanceProfileSpec } from "../../api/instance-profile.ts";
import { matchesWildcards } from "../../model/access/pattern-check.ts";
import { foldService } from "../../model/place.ts";
import { showValue } from "../../model/policy/policy-elements.ts";
import { trustStatementPath } from "../../model/policy/policy-spec.ts";
import { type Bounds, classTitle, filledIn, someOf, type Violation, violation } from "./class-bounds.ts";
import { guardOwnPolicies } from "./class-guards-names.ts";

/** Checks managed policies, trust, adoption, instances, session duration and deletion policy. */
export function guardAccess(spec: InstanceProfileSpec, bounds: Bounds): readonly Violation[] {
  return [
    ...guardManagedPolicies(spec, bounds),
    ...guardOwnPolicies(spec, bounds),
    ...guardTrust(spec, bounds),
    ...guardExternalRole(spec, bounds),
    ...guardAdoption(spec, bounds),
    ...guardAdoptFrom(spec, bounds),
    ...guardInstances(spec, bounds),
    ...guardSessionDuration(spec, bounds),
    ...guardDeletionPolicy(spec, bounds),
  ];
}

/** Finds every managed policy that the class does not allow. */
export function guardManagedPolicies(
  spec: Pick<InstanceProfileSpec, "managedPolicyArns">,
  bounds: Bounds,
): readonly Violation[] {
  const allowed = bounds.class.spec.allowedManagedPolicies;
  const isAllowed = (arn: string): boolean =>
    allowed.some((pattern) => matchesWildcards(pattern, arn, { foldsCase: false }));
  return spec.managedPolicyArns
    .filter((arn) => !isAllowed(arn))
    .map((arn) =>
      violation(
        "ManagedPolicyNotAllowed",
        `spec.managedPolicyArns: ${classTitle(bounds)} does not allow ${arn}; it allows ${someOf(allowed)}. Remove it.`,
        { kind: "managedPolicy", arn },
      ),
    );
}

/** Finds every service and statement of the trust policy that the class does not allow. */
export function guardTrust({ trust }: Pick<InstanceProfileSpec, "trust">, bounds: Bounds): readonly Violation[] {
  const { allowedTrustServices: allowed, allowTrustStatements, account } = bounds.class.spec;
  // IAM takes both names of EC2 in China.
  const fold = account.partition === "aws-cn" ? foldService : (service: string): string => service;
  const services = trust.services
    .filter((service) => !allowed.some((one) => fold(one) === fold(service)))
    .map((service) =>
      violation(
        "TrustServiceNotAllowed",
        `${trust.document === undefined ? "spec.trust.services" : "spec.trust.document"}: ${classTitle(bounds)} does not allow ${service} to assume the role; it allows ${someOf(allowed)}. Remove it.`,
        { kind: "trustService", service },
      ),
    );
  if (allowTrustStatements) return services;
  const statements = trust.statements.flatMap(({ effect }, index) =>
    // A Deny only narrows who can assume the role.
    effect === "Deny"
      ? []
      : violation(
          "TrustStatementNotAllowed",
          `${trustStatementPath(trust, index)}: ${classTitle(bounds)} does not allow trust statements. Remove it.`,
          { kind: "trustStatement", index },
        ),
  );
  return [...services, ...statements];
}

/**
 * Checks a role that others manage. An author who puts it into an instance profile gives its permissions to instances, as with `iam:PassRole`. IAM
 * compares names of roles in any case.
 */
function guardExternalRole(spec: InstanceProfileSpec, bounds: Bounds): readonly Violation[] {
  if (!hasExternalRole(spec)) return [];
  const allowed = bounds.class.spec.allowedExternalRoles.map((pattern) => filledIn(pattern, bounds));
  if (allowed.some((pattern) => matchesWildcards(pattern, spec.roleName, { foldsCase: true }))) return [];
  const message =
    `spec.roleName: ${classTitle(bounds)} does not allow the external role ${spec.roleName}; it allows ${someOf(allowed)}. Use one of these ` +
    "roles, or let this object manage its role.";
  return [violation("ExternalRoleNotAllowed", message, { kind: "externalRole" })];
}

function guardAdoption(spec: InstanceProfileSpec, bounds: Bounds): readonly Violation[] {
  if (bounds.class.spec.allowAdoption || spec.adoptionPolicy === "Never") return [];
  const message = `spec.adoptionPolicy is IfExists, and ${classTitle(bounds)} does not allow adoption. Set it to Never, or remove the field.`;
  return [violation("AdoptionNotAllowed", message, { kind: "adoption" })];
}

/** Checks the cluster that the object adopts from: the author names it, and the administrator knows whether its namespaces are those of this cluster. */
function guardAdoptFrom({ adoptFrom }: InstanceProfileSpec, bounds: Bounds): readonly Violation[] {
  const allowed = bounds.class.spec.allowedAdoptFrom;
  if (adoptFrom === undefined || allowed.includes(adoptFrom.clusterId)) return [];
  const message =
    `spec.adoptFrom.clusterId: ${classTitle(bounds)} does not allow objects to adopt from cluster ${showValue(adoptFrom.clusterId)}; it ` +
    `allows ${someOf(allowed)}. Remove spec.adoptFrom.`;
  return [violation("AdoptFromNotAllowed", message, { kind: "adoptFrom" })];
}

function guardInstances({ instances }: InstanceProfileSpec, bounds: Bounds): readonly Violation[] {
  const allowed = bounds.class.spec.allowedInstanceRegions;
  if (instances === undefined) return [];
  if (allowed.length === 0) {
    const message = `spec.instances: ${classTitle(bounds)} does not allow objects to associate instances. Remove it.`;
    return [violation("InstancesNotAllowed", message, { kind: "instances" })];
  }
  if (allowsInstancesOf(instances.region, bounds)) return [];
  const message =
    `spec.instances.region: ${classTitle(bounds)} does not allow instances in ${showValue(instances.region)}; it allows ` +
    `${someOf(allowed)}. Use one of these regions, or remove spec.instances.`;
  return [violation("InstanceRegionNotAllowed", message, { kind: "instances" })];
}

/** True when objects of the class may associate instances in the region. */
export function allowsInstancesOf(region: string, bounds: Bounds): boolean {
  const allowed = bounds.class.spec.allowedInstanceRegions;
  return allowed.some((pattern) => matchesWildcards(pattern, region, { foldsCase: false }));
}

/** Checks that the session duration is at most that of the class. */
export function guardSessionDuration(
  spec: Pick<InstanceProfileSpec, "maxSessionDurationSeconds">,
  bounds: Bounds,
): readonly Violation[] {
  const allowedSeconds = bounds.class.spec.maxSessionDurationSeconds;
  const seconds = spec.maxSessionDurationSeconds;
  if (seconds <= allowedSeconds) return [];
  const message = `spec.maxSessionDurationSeconds is ${seconds}, and ${classTitle(bounds)} allows at most ${allowedSeconds}. Reduce it.`;
  return [violation("SessionDurationNotAllowed", message, { kind: "sessionDuration" })];
}

function guardDeletionPolicy(spec: InstanceProfileSpec, bounds: Bounds): readonly Violation[] {
  const { allowedDeletionPolicies: allowed } = bounds.class.spec;
  const { deletionPolicy } = spec;
  if (deletionPolicy === undefined || allowed.includes(deletionPolicy)) return [];
  const message = `spec.deletionPolicy is ${deletionPolicy}, and ${classTitle(bounds)} allows ${allowed.join(", ")} only. Use that, or remove the field.`;
  return [violation("DeletionPolicyNotAllowed", message, { kind: "deletionPolicy" })];
}
