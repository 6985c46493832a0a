import type { InstanceProfileSpec } from "../api/instance-profile.ts";
import { matchesWildcards } from "../model/wildcard-containment.ts";
import type { Bounds, Violation } from "./class-verdict.ts";
import { classTitle, someOf, violation } from "./class-words.ts";

/** What else gives access: managed policies, who may assume the role, taking over, and instances. */
export function guardAccess(spec: InstanceProfileSpec, bounds: Bounds): readonly Violation[] {
  return [
    ...guardManagedPolicies(spec, bounds),
    ...guardTrust(spec, bounds),
    ...guardAdoption(spec, bounds),
    ...guardInstances(spec, bounds),
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

function guardInstances(spec: InstanceProfileSpec, bounds: Bounds): readonly Violation[] {
  if (bounds.class.spec.allowInstances || spec.instances === undefined) return [];
  const message = `spec.instances: ${classTitle(bounds)} does not let objects give instances a profile. Take it out.`;
  return [violation("InstancesNotAllowed", message, { kind: "instances" })];
}
