/** Tags of one IAM entity, key to value. */
export type Tags = Readonly<Record<string, string>>;

/** Every tag key of the controller starts so; users may not set such keys. */
export const TAG_PREFIX = "iam.instanceprofile.dev/";

/**
 * The tags that prove whose a role or profile is. All are part of the create call:
 * - `cluster-id`, `namespace`, `name`: the object that owns it; these three decide ownership.
 * - `uid`: which incarnation of that object wrote last; a re-created object resumes and rewrites it.
 * - `adopted`: "true" when the entity existed before the object did.
 * - `applied`: what of the entity's policies and tags the controller has put there (see applied-record.ts).
 *
 * `retained` is written later, if ever: the uid of the object that left the entity behind on purpose.
 */
export const TAG_KEYS: Readonly<
  Record<"clusterId" | "namespace" | "name" | "uid" | "adopted" | "applied" | "retained", string>
> = {
  clusterId: `${TAG_PREFIX}cluster-id`,
  namespace: `${TAG_PREFIX}namespace`,
  name: `${TAG_PREFIX}name`,
  uid: `${TAG_PREFIX}uid`,
  adopted: `${TAG_PREFIX}adopted`,
  applied: `${TAG_PREFIX}applied`,
  retained: `${TAG_PREFIX}retained`,
};

/** The tags that decide ownership. */
export const DECIDING_TAG_KEYS: readonly string[] = [TAG_KEYS.clusterId, TAG_KEYS.namespace, TAG_KEYS.name];

/** The object on whose behalf AWS is written. */
export interface Owner {
  /** Empty when no cluster is known (a manifest on its way there): then nothing is said of it. */
  readonly clusterId: string;
  readonly namespace: string;
  readonly name: string;
  /** Empty when the manifest was never in a cluster: then nothing is said of it. */
  readonly uid: string;
}

/**
 * Whose an existing entity is:
 * `ours` by all three deciding tags; `foreign` when another object or cluster is named; `unowned` without our tags.
 */
export type Ownership =
  | { readonly kind: "ours"; readonly adopted: boolean }
  | {
      readonly kind: "foreign";
      /** Undefined: the tag is not there. */
      readonly clusterId: string | undefined;
      readonly namespace: string | undefined;
      readonly name: string | undefined;
    }
  | { readonly kind: "unowned" };

/** Reads ownership off tags. Half a set of deciding tags is somebody's, not nobody's: `foreign`. */
export function ownershipOf(tags: Tags, owner: Owner): Ownership {
  const clusterId = tags[TAG_KEYS.clusterId];
  const namespace = tags[TAG_KEYS.namespace];
  const name = tags[TAG_KEYS.name];
  if (clusterId === undefined && namespace === undefined && name === undefined) return { kind: "unowned" };
  if (clusterId === owner.clusterId && namespace === owner.namespace && name === owner.name) {
    return { kind: "ours", adopted: tags[TAG_KEYS.adopted] === "true" };
  }
  return { kind: "foreign", clusterId, namespace, name };
}

/** The tags that make an entity the owner's. `adopted` is left out when false. */
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
 * True when the object that wrote these owner tags has left the entity behind on purpose. A re-created object of the same name
 * writes another uid, which makes the tag void.
 */
export function isRetained(tags: Tags): boolean {
  const uid = tags[TAG_KEYS.uid];
  return uid !== undefined && uid !== "" && tags[TAG_KEYS.retained] === uid;
}
