import {
  hasExternalRole,
  type InstanceProfile,
  type InstanceProfileSpec,
  type RoleSpec,
  type Trust,
} from "../../api/instance-profile.ts";
import type { InstanceProfileClass } from "../../api/instance-profile-class.ts";
import { derivedRoleName, nameInArn, withNames } from "../../model/naming.ts";
import { homeRegionOf, type Place } from "../../model/place.ts";
import { showValue } from "../../model/policy/policy-elements.ts";
import { withStatementsOf } from "../../model/policy/policy-spec.ts";
import type { ObjectContext } from "../../model/variables/fill-object.ts";
import { fillIn, type Variables } from "../../model/variables/template.ts";
import type { Blocker } from "../plan.ts";
import { type DefaultDeletionPolicy, effectiveDeletionPolicy } from "./class-deletion.ts";

/**
 * The part of a spec that its class does not allow. `everything`: the class allows the object nothing. `name`: a part that cannot be
 * removed from the spec and grants nothing.
 */
export type Excess =
  /** `policy` is the field path of the policy. */
  | { readonly kind: "statement"; readonly policy: string; readonly index: number }
  | { readonly kind: "managedPolicy"; readonly arn: string }
  | { readonly kind: "ownPolicy"; readonly name: string }
  | { readonly kind: "trustService"; readonly service: string }
  | { readonly kind: "trustStatement"; readonly index: number }
  | { readonly kind: "externalRole" }
  | { readonly kind: "adoption" }
  | { readonly kind: "adoptFrom" }
  | { readonly kind: "instances" }
  | { readonly kind: "boundary" }
  | { readonly kind: "tag"; readonly key: string }
  | { readonly kind: "allTags" }
  | { readonly kind: "sessionDuration" }
  | { readonly kind: "deletionPolicy" }
  | { readonly kind: "everything" }
  | { readonly kind: "name" };

/** One part of an object that its class does not allow, and why. */
export interface Violation extends Blocker {
  readonly excess: Excess;
}

/** The class and the values of its variables. */
export interface Bounds {
  readonly class: InstanceProfileClass;
  readonly namespace: string;
  readonly clusterId: string;
  /** The values of the variables, for the texts of the class; unset: namespace and cluster alone. */
  readonly variables?: Variables;
  /** The number of objects of the class in the namespace that were accepted before this one. */
  readonly olderPeers: number;
  /** Names of the roles among them that are in AWS without an object; unset: none. */
  readonly orphanedRoles?: readonly string[];
}

/** Where objects without a class are, and the variables of the operator for them. */
export interface OwnContext {
  readonly place: Place;
  readonly variables?: Variables;
}

/** What the variables of objects of the class stand for. The author of an object can change none of it. */
export function classContext(
  { spec: { account, variables } }: InstanceProfileClass,
  clusterId: string,
  own: Place,
): ObjectContext {
  const { id: accountId, partition } = account;
  const isElsewhere = own.partition !== undefined && own.partition !== partition;
  const region = isElsewhere ? homeRegionOf(partition) : own.region;
  return { place: { accountId, partition, region }, clusterId, variables };
}

/** A text of the class with its variables filled in. A variable without a value stays, so that the text allows nothing that has one. */
export function filledIn(text: string, { namespace, clusterId, variables }: Bounds): string {
  return fillIn(text, variables ?? { namespace, cluster: clusterId }).text;
}

/** The object with the boundary and tags that its class adds, and with its effective deletion policy. */
export function withClassDefaults(
  object: InstanceProfile,
  { spec: bounds }: InstanceProfileClass,
  fallback?: DefaultDeletionPolicy,
): InstanceProfile {
  const { deletionPolicy: _, ...spec } = object.spec;
  const permissionsBoundaryArn = spec.permissionsBoundaryArn ?? bounds.permissionsBoundaryArn;
  const deletionPolicy = effectiveDeletionPolicy(object.spec, bounds, fallback);
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

/** The object with the names that the prefix of its class gives it, unless the manifest or status gives it others. */
export function withClassNames(object: InstanceProfile, bounds: Bounds): InstanceProfile {
  const { derivedNames = [], metadata, spec } = object;
  const { roleNamePrefix: prefix } = bounds.class.spec;
  if (derivedNames.length === 0 || prefix === undefined) return object;
  const derived = derivedRoleName(metadata, { prefix, filled: filledIn(prefix, bounds) });
  return { ...object, spec: withNames(spec, derivedNames, derived) };
}

/**
 * The object with the path of its class. The default `/` chooses no path, and where the class requires another one, only that one is
 * possible. Unless the object has a role elsewhere: a role cannot move, so its path stays a violation.
 */
export function withClassPath(object: InstanceProfile, bounds: Bounds): InstanceProfile {
  if (object.spec.path !== DEFAULT_PATH || bounds.class.spec.path === undefined) return object;
  const path = filledIn(bounds.class.spec.path, bounds);
  // An external role keeps its own path; then `path` is that of the instance profile.
  const [arn, type] = hasExternalRole(object.spec)
    ? [object.status?.instanceProfile?.arn, "instance-profile"]
    : [object.status?.role?.arn, "role"];
  if (arn !== undefined && !arn.endsWith(`:${type}${path}${nameInArn(arn)}`)) return object;
  return { ...object, spec: { ...object.spec, path } };
}

const DEFAULT_PATH = "/";

/** The trust of a role that no principal can assume. IAM requires at least one statement in a trust policy. */
export const NO_TRUST: Trust = {
  services: [],
  statements: [{ sid: "NoTrustAllowed", effect: "Deny", actions: ["sts:AssumeRole"], principals: { aws: ["*"] } }],
};

/**
 * The spec without the parts that violate the class. It never grants or trusts more than before, nor more than the class allows. Where no
 * allowed trust is left, no principal can assume the role.
 */
export function withoutExcess(
  spec: InstanceProfileSpec,
  violations: readonly Violation[],
  { spec: bounds }: InstanceProfileClass,
): InstanceProfileSpec {
  const found = new Set(violations.map(({ excess }) => JSON.stringify(excess)));
  const has = (excess: Excess): boolean => found.has(JSON.stringify(excess));
  const grantsNothing = has({ kind: "everything" });
  const { instances, permissionsBoundaryArn, adoptFrom, deletionPolicy: _, ...rest } = spec;
  const deletionPolicy = effectiveDeletionPolicy(spec, bounds);
  const boundary = has({ kind: "boundary" }) ? bounds.permissionsBoundaryArn : permissionsBoundaryArn;
  const keepsInstances = instances !== undefined && !has({ kind: "instances" }) && !grantsNothing;
  return {
    ...rest,
    ...(boundary !== undefined && { permissionsBoundaryArn: boundary }),
    ...(keepsInstances && { instances }),
    ...(adoptFrom !== undefined && !has({ kind: "adoptFrom" }) && !grantsNothing && { adoptFrom }),
    ...(spec.role !== undefined && { role: allowedRole(spec.role, has) }),
    inlinePolicies: withStatementsOf(
      grantsNothing ? [] : spec.inlinePolicies,
      ({ fieldPath: policy }, index) => !has({ kind: "statement", policy, index }),
    ),
    managedPolicies: withStatementsOf(
      grantsNothing ? [] : spec.managedPolicies.filter(({ name }) => !has({ kind: "ownPolicy", name })),
      ({ fieldPath: policy }, index) => !has({ kind: "statement", policy, index }),
    ),
    managedPolicyArns: grantsNothing
      ? []
      : spec.managedPolicyArns.filter((arn) => !has({ kind: "managedPolicy", arn })),
    trust: allowedTrust(spec.trust, has),
    tags: { ...withoutTags(spec.tags, has), ...bounds.tags },
    roleTags: withoutTags(spec.roleTags, has),
    instanceProfileTags: withoutTags(spec.instanceProfileTags, has),
    adoptionPolicy: has({ kind: "adoption" }) ? "Never" : spec.adoptionPolicy,
    maxSessionDurationSeconds: Math.min(spec.maxSessionDurationSeconds, bounds.maxSessionDurationSeconds),
    ...(deletionPolicy !== undefined && { deletionPolicy }),
  };
}

function allowedTrust(trust: Trust, has: (excess: Excess) => boolean): Trust {
  const services = trust.services.filter((service) => !has({ kind: "trustService", service }));
  const statements = trust.statements.filter((_, index) => !has({ kind: "trustStatement", index }));
  const isClosed = services.length === 0 && !statements.some(({ effect }) => effect === "Allow");
  const { document } = trust;
  if (document === undefined) return isClosed ? NO_TRUST : { services, statements };
  const isWhole = services.length === trust.services.length && statements.length === trust.statements.length;
  if (isWhole) return trust;
  // In another version, the statements would have another meaning.
  return isClosed || JSON.stringify(document).includes("${") ? NO_TRUST : { services, statements };
}

/** A role that the class does not allow is taken out of the instance profile. */
function allowedRole(role: RoleSpec, has: (excess: Excess) => boolean): RoleSpec {
  return has({ kind: "externalRole" }) || has({ kind: "everything" }) ? { ...role, isRevoked: true } : role;
}

function withoutTags(tags: InstanceProfileSpec["tags"], has: (excess: Excess) => boolean): InstanceProfileSpec["tags"] {
  if (has({ kind: "allTags" }) || has({ kind: "everything" })) return {};
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !has({ kind: "tag", key })));
}

const MAX_SHOWN = 5;

/** The name of the class in messages. */
export function classTitle(bounds: Bounds): string {
  return `class ${bounds.class.metadata.name}`;
}

/** The first items of a list, and how many more there are. */
export function someOf(items: readonly string[]): string {
  if (items.length === 0) return "none";
  const shown = items.slice(0, MAX_SHOWN).map(showValue).join(", ");
  return items.length <= MAX_SHOWN ? shown : `${shown} and ${items.length - MAX_SHOWN} more`;
}

/** Builds a violation; `excess` is the part of the spec that the class does not allow. */
export function violation(reason: string, message: string, excess: Excess): Violation {
  return { reason, message, excess };
}
