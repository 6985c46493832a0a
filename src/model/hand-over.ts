import { hasExternalRole, type InstanceProfile, type InstanceProfileSpec } from "../api/instance-profile.ts";
import { shortHash } from "./naming.ts";
import { type Owner, type Ownership, ownershipOf, TAG_KEYS, type Tags } from "./ownership.ts";

/** What an object and its status say about a move from one cluster to another. */
export interface HandOver {
  /** The other cluster that the object adopts from, as the spec says and the class or the operator allows; unset: none. */
  readonly from?: string;
  /** As `from`, where neither allows it. */
  readonly denied?: string;
  /** The cluster that has adopted what this object had, by the object's status; unset: none. */
  readonly to?: string;
  /** The unique id of the role that the object has had, or of the instance profile where others manage the role. */
  readonly knownId?: string;
}

/** An object and what it may adopt from another cluster. */
export interface Adopter {
  readonly owner: Owner;
  /** Unset, as for an object in deletion: nothing. */
  readonly handOver?: HandOver;
}

/** The id of the other cluster that the spec names; undefined without one, and for the object's own cluster, which has no effect. */
export function adoptsFromOther(
  { adoptFrom }: Pick<InstanceProfileSpec, "adoptFrom">,
  clusterId: string,
): string | undefined {
  return adoptFrom?.clusterId === clusterId ? undefined : adoptFrom?.clusterId;
}

/** What an object and its status say about moves from one cluster to another. */
export function handOverOf(
  { spec, status }: InstanceProfile,
  clusterId: string,
  adoptsFrom: readonly string[] | "any" = [],
): Pick<Adopter, "handOver"> {
  const from = adoptsFromOther(spec, clusterId);
  const to = status?.handedOverTo;
  const isAllowed = from !== undefined && (adoptsFrom === "any" || adoptsFrom.includes(from));
  const knownId = (hasExternalRole(spec) ? status?.instanceProfile : status?.role)?.id;
  const handOver: HandOver = {
    ...(from !== undefined && (isAllowed ? { from } : { denied: from })),
    ...(to !== undefined && { to }),
    ...(knownId !== undefined && { knownId }),
  };
  return Object.keys(handOver).length === 0 ? {} : { handOver };
}

/**
 * The other cluster whose object of the same namespace and name owns the entity; undefined when the object itself, another object or
 * none owns it.
 */
export function otherClusterOf(tags: Tags, { clusterId, namespace, name }: Owner): string | undefined {
  const isSameName = tags[TAG_KEYS.namespace] === namespace && tags[TAG_KEYS.name] === name;
  const owner = tags[TAG_KEYS.clusterId];
  return isSameName && owner !== clusterId ? owner : undefined;
}

/** The most clusters that the tag has room for. */
const MAX_CLUSTERS = 36;

/** The tags that move an entity to the cluster of the owner, in one write. */
export function tagsOfHandOver({ clusterId, uid }: Owner): Tags {
  return { [TAG_KEYS.clusterId]: clusterId, ...(uid === "" ? {} : { [TAG_KEYS.uid]: uid }) };
}

/**
 * The tag that the same write sets on the role: a hash of each cluster that it was adopted from, the last one at the end. No cluster in it
 * adopts the role again, so that a role does not go back and forth between objects that adopt from each other. One of them is the cluster
 * that had adopted the role from this object, even if others had it in between: the tag shows that the object's status is older than
 * the adoption.
 */
export function adoptedFromTag(tags: Tags, { from, to }: Pick<HandOver, "from" | "to">): Tags {
  const latest = [to, from].flatMap((clusterId) => (clusterId === undefined ? [] : [shortHash(clusterId)]));
  const clusters = new Set([...clustersIn(tags).filter((hash) => !latest.includes(hash)), ...latest]);
  return { [TAG_KEYS.adoptedFrom]: [...clusters].slice(-MAX_CLUSTERS).join(" ") };
}

/** True when the tag says that the entity was adopted from the cluster, by the present owner or by one before it. */
export function isAdoptedFrom(tags: Tags, clusterId: string): boolean {
  return clustersIn(tags).includes(shortHash(clusterId));
}

function clustersIn(tags: Tags): readonly string[] {
  return (tags[TAG_KEYS.adoptedFrom] ?? "").split(" ").filter((hash) => hash !== "");
}

/** True for an entity that the object adopts from another cluster. */
export function isHandedOverTo({ owner, handOver: { from } = {} }: Adopter, tags: Tags): boolean {
  return from !== undefined && otherClusterOf(tags, owner) === from && !isAdoptedFrom(tags, owner.clusterId);
}

/** The tags of the role as they are after the object has adopted it, if it may. */
export function tagsAfterHandOver(adopter: Adopter, tags: Tags): Tags {
  if (!isHandedOverTo(adopter, tags)) return tags;
  return { ...tags, ...tagsOfHandOver(adopter.owner), ...adoptedFromTag(tags, adopter.handOver ?? {}) };
}

/** The ownership of the role as it is after the object has adopted it, if it may. */
export function ownershipAfterHandOver(adopter: Adopter, tags: Tags): Ownership {
  return ownershipOf(tagsAfterHandOver(adopter, tags), adopter.owner);
}
