import type { InstanceProfileSpec } from "../../api/instance-profile.ts";
import { showValue } from "../../model/policy/policy-elements.ts";
import { matchesWildcards } from "../../model/wildcard/wildcard-containment.ts";
import type { Bounds, Violation } from "./class-bounds.ts";
import { classTitle, someOf, violation } from "./class-messages.ts";

/** What else gives access: managed policies, who may assume the role and for how long, adoption, instances, and what a deletion leaves. */
export function guardAccess(spec: InstanceProfileSpec, bounds: Bounds): readonly Violation[] {
  return [
    ...guardManagedPolicies(spec, bounds),
    ...guardTrust(spec, bounds),
    ...guardAdoption(spec, bounds),
    ...guardInstances(spec, bounds),
    ...guardSessionDuration(spec, bounds),
    ...guardDeletionPolicy(spec, bounds),
  ];
}

/** Every attached policy that the class does not allow. */
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
        `spec.managedPolicyArns: ${classTitle(bounds)} does not allow ${arn}; it allows ${someOf(allowed)}. Take it out.`,
        { kind: "managedPolicy", arn },
      ),
    );
}

/** Every service and statement of the trust policy that the class does not allow. */
export function guardTrust({ trust }: Pick<InstanceProfileSpec, "trust">, bounds: Bounds): readonly Violation[] {
  const { allowedTrustServices: allowed, allowTrustStatements } = bounds.class.spec;
  const services = trust.services
    .filter((service) => !allowed.includes(service))
    .map((service) =>
      violation(
        "TrustServiceNotAllowed",
        `spec.trust.services: ${classTitle(bounds)} does not let ${service} assume the role; it lets ${someOf(allowed)}. Take it out.`,
        { kind: "trustService", service },
      ),
    );
  if (allowTrustStatements) return services;
  const statements = trust.statements.flatMap(({ effect }, index) =>
    // A Deny only takes away who may assume the role.
    effect === "Deny"
      ? []
      : violation(
          "TrustStatementNotAllowed",
          `spec.trust.statements[${index}]: ${classTitle(bounds)} allows no trust statements of one's own. Take it out.`,
          { kind: "trustStatement", index },
        ),
  );
  return [...services, ...statements];
}

function guardAdoption(spec: InstanceProfileSpec, bounds: Bounds): readonly Violation[] {
  if (bounds.class.spec.allowAdoption || spec.adoptionPolicy === "Never") return [];
  const message = `spec.adoptionPolicy is IfExists, and ${classTitle(bounds)} allows no adoption. Write Never, or leave it out.`;
  return [violation("AdoptionNotAllowed", message, { kind: "adoption" })];
}

function guardInstances({ instances }: InstanceProfileSpec, bounds: Bounds): readonly Violation[] {
  const allowed = bounds.class.spec.allowedInstanceRegions;
  if (instances === undefined) return [];
  if (allowed.length === 0) {
    const message = `spec.instances: ${classTitle(bounds)} does not let objects give instances a profile. Take it out.`;
    return [violation("InstancesNotAllowed", message, { kind: "instances" })];
  }
  if (allowsInstancesOf(instances.region, bounds)) return [];
  const message =
    `spec.instances.region: ${classTitle(bounds)} does not allow instances of ${showValue(instances.region)}; it allows ` +
    `${someOf(allowed)}. Write one of these regions, or remove spec.instances.`;
  return [violation("InstanceRegionNotAllowed", message, { kind: "instances" })];
}

/** True when objects of the class may give instances of the region a profile. */
export function allowsInstancesOf(region: string, bounds: Bounds): boolean {
  const allowed = bounds.class.spec.allowedInstanceRegions;
  return allowed.some((pattern) => matchesWildcards(pattern, region, { foldsCase: false }));
}

/** The session duration: at most that of the class. */
export function guardSessionDuration(
  spec: Pick<InstanceProfileSpec, "maxSessionDurationSeconds">,
  bounds: Bounds,
): readonly Violation[] {
  const allowedSeconds = bounds.class.spec.maxSessionDurationSeconds;
  const asked = spec.maxSessionDurationSeconds;
  if (asked <= allowedSeconds) return [];
  const message = `spec.maxSessionDurationSeconds is ${asked}, and ${classTitle(bounds)} allows at most ${allowedSeconds}. Write that or less.`;
  return [violation("SessionDurationNotAllowed", message, { kind: "sessionDuration" })];
}

function guardDeletionPolicy(spec: InstanceProfileSpec, bounds: Bounds): readonly Violation[] {
  const { allowedDeletionPolicies: allowed } = bounds.class.spec;
  const asked = spec.deletionPolicy;
  if (asked === undefined || allowed.includes(asked)) return [];
  const message = `spec.deletionPolicy is ${asked}, and ${classTitle(bounds)} allows ${allowed.join(", ")} only. Write that, or leave the field out.`;
  return [violation("DeletionPolicyNotAllowed", message, { kind: "deletionPolicy" })];
}
