import type { Account } from "./account.ts";
import { documentOf, type InstanceProfile, type ManagedPolicy, type Role, type Tag } from "./entities.ts";

/** The state of an account as plain JSON, sorted, without anything that depends on when it was made. */
export interface AccountSnapshot {
  readonly roles: Readonly<Record<string, RoleSnapshot>>;
  readonly instanceProfiles: Readonly<Record<string, InstanceProfileSnapshot>>;
  /** Customer managed policies by ARN. */
  readonly policies: Readonly<Record<string, PolicySnapshot>>;
  readonly instances: readonly InstanceSnapshot[];
}

/** A role with everything on it. */
interface RoleSnapshot {
  readonly arn: string;
  /** Left out by `ids: "omit"`. */
  readonly id?: string;
  readonly path: string;
  readonly description?: string;
  readonly maxSessionSeconds: number;
  /** As kept: principals of this account are ids. */
  readonly trustPolicy: unknown;
  readonly permissionsBoundaryArn?: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Parsed documents by policy name. */
  readonly inlinePolicies: Readonly<Record<string, unknown>>;
  readonly managedPolicyArns: readonly string[];
}

/** An instance profile and its role's name. */
interface InstanceProfileSnapshot {
  readonly arn: string;
  /** Left out by `ids: "omit"`. */
  readonly id?: string;
  readonly path: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly roleName?: string;
}

/** A customer managed policy. */
interface PolicySnapshot {
  /** The parsed document of the default version. */
  readonly document: unknown;
  readonly description?: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** An instance of some region and the profile it is associated with. */
interface InstanceSnapshot {
  readonly region: string;
  readonly id: string;
  readonly state: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly profileArn?: string;
}

/** Whether unique ids are part of a snapshot: they differ between two accounts that are otherwise the same. */
export interface SnapshotOptions {
  readonly ids?: "keep" | "omit";
}

/** The truth of an account now, whatever readers are shown. */
export function snapshotOf(account: Account, options: SnapshotOptions = {}): AccountSnapshot {
  const withIds = options.ids !== "omit";
  return {
    roles: byName(
      account.roles.allLatest(),
      (role) => role.name,
      (role) => roleSnapshot(account, role, withIds),
    ),
    instanceProfiles: byName(
      account.instanceProfiles.allLatest(),
      (profile) => profile.name,
      (profile) => profileSnapshot(account, profile, withIds),
    ),
    policies: byName(
      account.policies.allLatest(),
      (policy) => policy.arn,
      (policy) => policySnapshot(policy),
    ),
    instances: [...account.regions()].flatMap(([name, region]) =>
      region.instances().map((instance): InstanceSnapshot => {
        const association = region.currentAssociation(instance.id);
        return {
          region: name,
          id: instance.id,
          state: region.stateOf(instance),
          tags: tagRecord(instance.tags),
          ...(association === undefined ? {} : { profileArn: association.profileArn }),
        };
      }),
    ),
  };
}

function roleSnapshot(account: Account, role: Role, withIds: boolean): RoleSnapshot {
  return {
    arn: account.roleArn(role),
    ...(withIds ? { id: role.id } : {}),
    path: role.path,
    ...(role.description === undefined ? {} : { description: role.description }),
    maxSessionSeconds: role.maxSessionSeconds,
    trustPolicy: role.trustPolicy,
    ...(role.boundaryArn === undefined ? {} : { permissionsBoundaryArn: role.boundaryArn }),
    tags: tagRecord(role.tags),
    inlinePolicies: byName(
      role.inlinePolicies,
      (policy) => policy.name,
      (policy) => JSON.parse(policy.document),
    ),
    managedPolicyArns: role.attachedPolicyArns.toSorted(),
  };
}

function profileSnapshot(account: Account, profile: InstanceProfile, withIds: boolean): InstanceProfileSnapshot {
  return {
    arn: account.instanceProfileArn(profile),
    ...(withIds ? { id: profile.id } : {}),
    path: profile.path,
    tags: tagRecord(profile.tags),
    ...(profile.roleName === undefined ? {} : { roleName: profile.roleName }),
  };
}

function policySnapshot(policy: ManagedPolicy): PolicySnapshot {
  return {
    document: JSON.parse(documentOf(policy)),
    ...(policy.description === undefined ? {} : { description: policy.description }),
    tags: tagRecord(policy.tags),
  };
}

function tagRecord(tags: readonly Tag[]): Readonly<Record<string, string>> {
  return byName(
    tags,
    (tag) => tag.key,
    (tag) => tag.value,
  );
}

function byName<T, R>(
  all: readonly T[],
  nameOf: (item: T) => string,
  project: (item: T) => R,
): Readonly<Record<string, R>> {
  const sorted = all.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  return Object.fromEntries(sorted.map((item) => [nameOf(item), project(item)]));
}
