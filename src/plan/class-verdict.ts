import type { InstanceProfile, InstanceProfileSpec } from "../api/instance-profile.ts";
import type { InstanceProfileClass } from "../api/instance-profile-class.ts";
import type { Blocker } from "./plan.ts";

/** What of a spec goes beyond its class. `whole`: nothing that could be left out. */
export type Excess =
  | { readonly kind: "statement"; readonly index: number }
  | { readonly kind: "managedPolicy"; readonly arn: string }
  | { readonly kind: "trustService"; readonly service: string }
  | { readonly kind: "trustStatement"; readonly index: number }
  | { readonly kind: "adoption" }
  | { readonly kind: "instances" }
  | { readonly kind: "whole" };

/** One way in which an object does not fit its class. */
export interface Violation extends Blocker {
  readonly excess: Excess;
}

/** The class and what its words stand for. */
export interface Bounds {
  readonly class: InstanceProfileClass;
  readonly namespace: string;
  readonly clusterId: string;
  /** Objects of the class in the namespace that count before this one. */
  readonly olderPeers: number;
}

/** Text of a class with `{namespace}` and `{cluster}` filled in. */
export function filledIn(text: string, { namespace, clusterId }: Bounds): string {
  return text.replaceAll(/\{(namespace|cluster)\}/g, (_, word) => (word === "namespace" ? namespace : clusterId));
}

/** The object with what its class adds: boundary, tags and deletion policy. */
export function withClassDefaults(object: InstanceProfile, { spec: bounds }: InstanceProfileClass): InstanceProfile {
  const { spec } = object;
  const permissionsBoundaryArn = spec.permissionsBoundaryArn ?? bounds.permissionsBoundaryArn;
  const deletionPolicy = spec.deletionPolicy ?? bounds.deletionPolicy;
  return {
    ...object,
    spec: {
      ...spec,
      ...(permissionsBoundaryArn !== undefined && { permissionsBoundaryArn }),
      ...(deletionPolicy !== undefined && { deletionPolicy }),
      tags: { ...spec.tags, ...bounds.tags },
    },
  };
}

/** The spec without its excess, which is never wider; undefined when it would still not fit, or nobody could assume the role. */
export function withoutExcess(
  spec: InstanceProfileSpec,
  violations: readonly Violation[],
): InstanceProfileSpec | undefined {
  const excess = violations.map((violation) => violation.excess);
  if (excess.some(({ kind }) => kind === "whole")) return undefined;
  const has = (wanted: Excess): boolean => excess.some((one) => JSON.stringify(one) === JSON.stringify(wanted));
  const trust = {
    services: spec.trust.services.filter((service) => !has({ kind: "trustService", service })),
    statements: spec.trust.statements.filter((_, index) => !has({ kind: "trustStatement", index })),
  };
  if (trust.services.length === 0 && !trust.statements.some(({ effect }) => effect === "Allow")) return undefined;
  const { instances, ...rest } = spec;
  return {
    ...rest,
    ...(instances !== undefined && !has({ kind: "instances" }) && { instances }),
    statements: spec.statements.filter((_, index) => !has({ kind: "statement", index })),
    managedPolicyArns: spec.managedPolicyArns.filter((arn) => !has({ kind: "managedPolicy", arn })),
    trust,
    adoptionPolicy: has({ kind: "adoption" }) ? "Never" : spec.adoptionPolicy,
  };
}
