import type { InstanceProfile, InstanceProfileSpec, Trust } from "../../api/instance-profile.ts";
import type { InstanceProfileClass } from "../../api/instance-profile-class.ts";
import type { Blocker } from "../plan.ts";
import { effectiveDeletionPolicy } from "./class-deletion.ts";

/**
 * What of a spec goes beyond its class. `everything`: the class allows the object nothing at all. `name`: something that cannot be left
 * out and grants nothing.
 */
export type Excess =
  | { readonly kind: "statement"; readonly index: number }
  | { readonly kind: "managedPolicy"; readonly arn: string }
  | { readonly kind: "trustService"; readonly service: string }
  | { readonly kind: "trustStatement"; readonly index: number }
  | { readonly kind: "adoption" }
  | { readonly kind: "instances" }
  | { readonly kind: "boundary" }
  | { readonly kind: "tag"; readonly key: string }
  | { readonly kind: "allTags" }
  | { readonly kind: "sessionDuration" }
  | { readonly kind: "deletionPolicy" }
  | { readonly kind: "everything" }
  | { readonly kind: "name" };

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
  /** Those of them that are roles in AWS whose objects are gone, by name; unset: none. */
  readonly orphanedRoles?: readonly string[];
}

/** Text of a class with `{namespace}` and `{cluster}` filled in. */
export function filledIn(text: string, { namespace, clusterId }: Bounds): string {
  return text.replaceAll(/\{(namespace|cluster)\}/g, (_, word) => (word === "namespace" ? namespace : clusterId));
}

/** The object with what its class adds, boundary and tags, and with the deletion policy that holds for it. */
export function withClassDefaults(object: InstanceProfile, { spec: bounds }: InstanceProfileClass): InstanceProfile {
  const { deletionPolicy: _, ...spec } = object.spec;
  const permissionsBoundaryArn = spec.permissionsBoundaryArn ?? bounds.permissionsBoundaryArn;
  const deletionPolicy = effectiveDeletionPolicy(object.spec, bounds);
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

/** Trusts nobody: IAM takes no trust policy without a statement. */
export const NOBODY_MAY_ASSUME: Trust = {
  services: [],
  statements: [{ sid: "NoTrustAllowed", effect: "Deny", actions: ["sts:AssumeRole"], principals: { aws: ["*"] } }],
};

/**
 * The spec without its excess: what it grants, and whom it trusts, is never more than before and never more than the class allows. Where
 * nothing is left to trust, nobody can assume the role.
 */
export function withoutExcess(
  spec: InstanceProfileSpec,
  violations: readonly Violation[],
  { spec: bounds }: InstanceProfileClass,
): InstanceProfileSpec {
  const found = new Set(violations.map(({ excess }) => JSON.stringify(excess)));
  const has = (excess: Excess): boolean => found.has(JSON.stringify(excess));
  const grantsNothing = has({ kind: "everything" });
  const { instances, permissionsBoundaryArn, deletionPolicy: _, ...rest } = spec;
  const deletionPolicy = effectiveDeletionPolicy(spec, bounds);
  const boundary = has({ kind: "boundary" }) ? bounds.permissionsBoundaryArn : permissionsBoundaryArn;
  const keepsInstances = instances !== undefined && !has({ kind: "instances" }) && !grantsNothing;
  return {
    ...rest,
    ...(boundary !== undefined && { permissionsBoundaryArn: boundary }),
    ...(keepsInstances && { instances }),
    statements: grantsNothing ? [] : spec.statements.filter((_, index) => !has({ kind: "statement", index })),
    managedPolicyArns: grantsNothing
      ? []
      : spec.managedPolicyArns.filter((arn) => !has({ kind: "managedPolicy", arn })),
    trust: allowedTrust(spec.trust, has),
    tags: { ...withoutTags(spec.tags, has), ...bounds.tags },
    adoptionPolicy: has({ kind: "adoption" }) ? "Never" : spec.adoptionPolicy,
    maxSessionDurationSeconds: Math.min(spec.maxSessionDurationSeconds, bounds.maxSessionDurationSeconds),
    ...(deletionPolicy !== undefined && { deletionPolicy }),
  };
}

function allowedTrust(trust: Trust, has: (excess: Excess) => boolean): Trust {
  const services = trust.services.filter((service) => !has({ kind: "trustService", service }));
  const statements = trust.statements.filter((_, index) => !has({ kind: "trustStatement", index }));
  const isClosed = services.length === 0 && !statements.some(({ effect }) => effect === "Allow");
  return isClosed ? NOBODY_MAY_ASSUME : { services, statements };
}

function withoutTags(tags: InstanceProfileSpec["tags"], has: (excess: Excess) => boolean): InstanceProfileSpec["tags"] {
  if (has({ kind: "allTags" }) || has({ kind: "everything" })) return {};
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !has({ kind: "tag", key })));
}
