import type { InstanceProfileStatus } from "../api/instance-profile.ts";
import { nameKey } from "./naming.ts";

/** Tags of one IAM entity, key to value. */
export type Tags = Readonly<Record<string, string>>;

/** The prefix of the controller's tag keys. Users cannot set such keys. */
export const TAG_PREFIX = "iam.instanceprofile.dev/";

/**
 * The keys of the controller's tags on a role or instance profile. All but the last two are part of the create call:
 * - `cluster-id`, `namespace`, `name`: the object that owns it; these three decide ownership.
 * - `uid`: the uid of the object that wrote last; an object that was created again resumes and rewrites it.
 * - `adopted`: "true" when the entity existed before the object.
 * - `applied`: the policies and tags that the controller has put there (see applied-record.ts).
 * - `retained`: the uid of the object that retained the entity at its deletion.
 * - `adopted-from`: the clusters that the entity was adopted from (see hand-over.ts).
 */
export const TAG_KEYS: Readonly<
  Record<"clusterId" | "namespace" | "name" | "uid" | "adopted" | "applied" | "retained" | "adoptedFrom", string>
> = {
  clusterId: `${TAG_PREFIX}cluster-id`,
  namespace: `${TAG_PREFIX}namespace`,
  name: `${TAG_PREFIX}name`,
  uid: `${TAG_PREFIX}uid`,
  adopted: `${TAG_PREFIX}adopted`,
  applied: `${TAG_PREFIX}applied`,
  retained: `${TAG_PREFIX}retained`,
  adoptedFrom: `${TAG_PREFIX}adopted-from`,
};

/** The tags that decide ownership. */
export const DECIDING_TAG_KEYS: readonly string[] = [TAG_KEYS.clusterId, TAG_KEYS.namespace, TAG_KEYS.name];

/** True for a tag key that AWS reserves for itself, as for the name of a CloudFormation stack. No client can set it. */
export function belongsToAws(tagKey: string): boolean {
  return nameKey(tagKey).startsWith("aws:");
}

/** The object that owns entities in AWS. */
export interface Owner {
  /** Empty for a manifest that was never in a cluster; then there is no such tag. */
  readonly clusterId: string;
  readonly namespace: string;
  readonly name: string;
  /** Empty for a manifest that was never in a cluster; then there is no such tag. */
  readonly uid: string;
}

/**
 * Who owns an existing entity: `owned` when all three deciding tags name the object, `ownedByAnother` when they name another object or
 * cluster, `unowned` when there are none.
 */
export type Ownership =
  | { readonly kind: "owned"; readonly adopted: boolean }
  | {
      readonly kind: "ownedByAnother";
      /** Undefined when the tag is missing. */
      readonly clusterId: string | undefined;
      readonly namespace: string | undefined;
      readonly name: string | undefined;
    }
  | { readonly kind: "unowned" };

/** Reads the ownership from tags. An incomplete set of deciding tags counts as `ownedByAnother`. */
export function ownershipOf(tags: Tags, owner: Owner): Ownership {
  const clusterId = tags[TAG_KEYS.clusterId];
  const namespace = tags[TAG_KEYS.namespace];
  const name = tags[TAG_KEYS.name];
  if (clusterId === undefined && namespace === undefined && name === undefined) return { kind: "unowned" };
  if (clusterId === owner.clusterId && namespace === owner.namespace && name === owner.name) {
    return { kind: "owned", adopted: tags[TAG_KEYS.adopted] === "true" };
  }
  return { kind: "ownedByAnother", clusterId, namespace, name };
}

/**
 * The cluster id of an entity that has the tags of this very object, including its uid, but the id of another cluster: the
 * controller runs with another `--cluster-id` than before. Undefined for every other entity.
 */
export function formerClusterId(tags: Tags, { clusterId, namespace, name, uid }: Owner): string | undefined {
  const isSameObject =
    uid !== "" && tags[TAG_KEYS.uid] === uid && tags[TAG_KEYS.namespace] === namespace && tags[TAG_KEYS.name] === name;
  const former = tags[TAG_KEYS.clusterId];
  return isSameObject && former !== clusterId ? former : undefined;
}

/** The tags that mark an entity as owned. They do not contain `adopted` when it is false. */
export function ownerTags(owner: Owner, adopted: boolean): Tags {
  return {
    ...(owner.clusterId === "" ? {} : { [TAG_KEYS.clusterId]: owner.clusterId }),
    [TAG_KEYS.namespace]: owner.namespace,
    [TAG_KEYS.name]: owner.name,
    ...(owner.uid === "" ? {} : { [TAG_KEYS.uid]: owner.uid }),
    ...(adopted ? { [TAG_KEYS.adopted]: "true" } : {}),
  };
}

/**
 * True when the object that wrote these owner tags retained the entity at its deletion. An object of the same name that is created again
 * writes another uid, which voids the tag.
 */
export function isRetained(tags: Tags): boolean {
  const uid = tags[TAG_KEYS.uid];
  return uid !== undefined && uid !== "" && tags[TAG_KEYS.retained] === uid;
}

/** The part of an object's status that is evidence about its past, because only the controller writes it. */
export type Evidence = Pick<InstanceProfileStatus, "accountId" | "class" | "role" | "instanceProfile">;

/** True when status shows that the object has, or is about to have, entities in AWS. */
export function hasTrace(status: Evidence | undefined): boolean {
  if (status === undefined) return false;
  const { class: accepted, role, instanceProfile, accountId } = status;
  return [accepted, role?.arn, instanceProfile?.arn, accountId].some((part) => part !== undefined);
}

/** True when the status names a role or an instance profile in AWS. */
export function hasEntities({ status }: { readonly status?: InstanceProfileStatus | undefined }): boolean {
  return status?.role?.arn !== undefined || status?.instanceProfile?.arn !== undefined;
}
