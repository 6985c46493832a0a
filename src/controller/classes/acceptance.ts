import type { AcceptedClass, InstanceProfile, ObjectMeta } from "../../api/instance-profile.ts";
import type { InstanceProfileClass } from "../../api/instance-profile-class.ts";
import { parseInstanceProfile } from "../../api/parse-instance-profile.ts";
import type { KubeObject, ObjectClient } from "../../engine/ports.ts";
import { ConflictError, dispositionOf } from "../../errors.ts";
import { nameKey } from "../../model/naming.ts";
import { roleNameIn } from "../object-key.ts";
import type { CountedOrphan, CountedOrphans } from "../orphans/counted-orphans.ts";
import type { MutationCache } from "../reconcile/mutation-cache.ts";
import { firstRecord, withDeletionTerms, writeAcceptance } from "./acceptance-record.ts";
import type { ClassBinding } from "./class-binding.ts";
import { acceptedClass, type ClassPlace, type ObjectsByClass } from "./objects-by-class.ts";

/** The fields of an object that the count of a namespace depends on. */
export interface Countable {
  readonly metadata: Pick<ObjectMeta, "uid" | "namespace" | "name">;
  readonly spec: { readonly roleName: string };
}

/** An object that a class has accepted. */
interface Accepted {
  readonly uid: string;
  readonly acceptedTime: string;
  /** See {@link roleKey}. */
  readonly role: string;
}

/** What counts against `maxPerNamespace` before an object. */
export interface CountedBefore {
  readonly objects: number;
  readonly orphans: readonly CountedOrphan[];
}

/** When an object was accepted; the uid breaks ties. */
type Moment = Pick<Accepted, "uid" | "acceptedTime">;

/** An acceptance that the cache does not show yet. */
interface Reservation extends Accepted, ClassPlace {
  /** When the request that writes it ended; undefined while it is in progress. */
  endedMs: number | undefined;
}

/**
 * How long a reservation counts after its request has ended. An acceptance that the watch has not shown by then was
 * never written.
 */
const RESERVED_MS = 60_000;

/** The sources of {@link Acceptances}. */
export interface AcceptanceSources {
  /** The InstanceProfiles in the cache. */
  readonly objects: Pick<ObjectsByClass, "acceptedIn">;
  readonly monotonicMs: () => number;
  /** What deleted objects have left in AWS, by namespace and class; unset: nothing. */
  readonly orphans?: Pick<CountedOrphans, "of">;
}

/** A place that is reserved for an object. */
export interface ReservedPlace {
  readonly accepted: AcceptedClass;
  /** Releases the place: the acceptance was not written. */
  readonly release: () => void;
  /** Call it when the request that writes the acceptance has ended, whatever the result. */
  readonly ended: () => void;
}

/**
 * Counts the objects that a class has accepted, ordered by acceptance time. Names and creation times do not matter,
 * because authors choose them. An object counts until it no longer exists, also while it is being deleted; what it has
 * left in AWS counts until an object of its name manages the role, or the role no longer exists.
 *
 * The cache shows an acceptance some time after the controller has written it. Until then a reservation counts, so that
 * two objects that are reconciled at the same time cannot both take the last place. A reservation without a visible
 * result (a lost reply, an object that no longer exists, a process that stops) expires.
 */
export class Acceptances {
  readonly #sources: AcceptanceSources;
  readonly #reservations = new Map<string, Reservation>();

  constructor(sources: AcceptanceSources) {
    this.#sources = sources;
  }

  /**
   * What counts for the class in the namespace before this object: everything if the object is not accepted itself. An
   * orphan that is known only by its tags in AWS never counts before an accepted object, because another client may
   * have written the tags.
   */
  before(object: Countable, of: InstanceProfileClass): CountedBefore {
    const { uid, namespace } = object.metadata;
    const all = this.#accepted({ className: of.metadata.name, namespace });
    const own = all.get(uid);
    const others = [...all.values()].filter((one) => one.uid !== uid);
    const managedRoles = new Set([roleKey(object), ...others.map(({ role }) => role)]);
    const orphans = (this.#sources.orphans?.of(namespace, of) ?? []).filter(
      (one) => one.uid !== uid && !all.has(one.uid) && !managedRoles.has(roleKeyOf(one)),
    );
    if (own === undefined) return { objects: others.length, orphans };
    return {
      objects: others.filter((one) => isBefore(one, own)).length,
      orphans: orphans.filter(({ uid, accepted }) => accepted !== undefined && isBefore({ uid, ...accepted }, own)),
    };
  }

  /**
   * Reserves a place for the object. The caller has checked in the same tick that one is free, and calls `ended` when
   * its request has ended.
   */
  reserve(object: Countable, { metadata, spec }: InstanceProfileClass, nowMs: number): ReservedPlace {
    const { uid, namespace } = object.metadata;
    const place = { className: metadata.name, namespace };
    const latestMs = Math.max(0, ...[...this.#accepted(place).values()].map((one) => Date.parse(one.acceptedTime)));
    // A clock that is behind that of an earlier leader must not put this object before those that are accepted already.
    const acceptedTime = new Date(Math.max(nowMs, latestMs + 1)).toISOString();
    const reservation: Reservation = { uid, acceptedTime, role: roleKey(object), endedMs: undefined, ...place };
    this.#reservations.set(uid, reservation);
    return {
      accepted: withDeletionTerms({ name: metadata.name, accountId: spec.account.id, acceptedTime }, { spec }),
      release: () => this.#reservations.delete(uid),
      ended: () => {
        reservation.endedMs = this.#sources.monotonicMs();
      },
    };
  }

  /** The cache shows this version of an object, or its deletion: the reservation is no longer needed. */
  observed(object: KubeObject, isGone: boolean): void {
    const { uid } = object["metadata"] as ObjectMeta;
    const reservation = this.#reservations.get(uid);
    if (reservation === undefined) return;
    const isWritten = acceptedClass(object)?.acceptedTime === reservation.acceptedTime;
    if (isGone || isWritten) this.#reservations.delete(uid);
  }

  #accepted(place: ClassPlace): ReadonlyMap<string, Accepted> {
    this.#expire();
    const cached = this.#sources.objects.acceptedIn(place).flatMap((object): [string, Accepted][] => {
      const { uid } = object["metadata"] as ObjectMeta;
      const accepted = acceptedClass(object);
      if (accepted === undefined) return [];
      return [[uid, { uid, role: cachedRoleKey(object), acceptedTime: accepted.acceptedTime }]];
    });
    const reserved = [...this.#reservations.values()]
      .filter(({ className, namespace }) => className === place.className && namespace === place.namespace)
      .map((one): [string, Accepted] => [one.uid, one]);
    return new Map([...reserved, ...cached]);
  }

  #expire(): void {
    const nowMs = this.#sources.monotonicMs();
    for (const [uid, { endedMs }] of this.#reservations)
      if (endedMs !== undefined && nowMs - endedMs >= RESERVED_MS) this.#reservations.delete(uid);
  }
}

/** Equal for an object and for the role that it has left in AWS, also if the object was re-created. */
function roleKeyOf({ name, roleName }: Pick<CountedOrphan, "name" | "roleName">): string {
  return `${name}/${nameKey(roleName)}`;
}

function roleKey({ metadata, spec }: Countable): string {
  return roleKeyOf({ name: metadata.name, roleName: spec.roleName });
}

/** The role key of an object in the cache, which may be invalid and counts anyway. */
function cachedRoleKey(object: KubeObject): string {
  return roleKeyOf({ name: (object["metadata"] as ObjectMeta).name, roleName: roleNameIn(object) });
}

function isBefore(one: Moment, other: Moment): boolean {
  const [time, otherTime] = [Date.parse(one.acceptedTime), Date.parse(other.acceptedTime)];
  return time === otherTime ? one.uid < other.uid : time < otherTime;
}

/** The dependencies of {@link accept}. */
export interface AcceptanceDependencies {
  readonly objects: ObjectClient;
  readonly mutationCache: MutationCache;
  readonly classes: { readonly acceptances: Pick<Acceptances, "before" | "reserve"> };
  readonly nowMs: () => number;
}

/** An object that complies with its class. */
interface Candidate {
  readonly key: string;
  readonly raw: KubeObject;
  readonly object: InstanceProfile;
  readonly binding: ClassBinding;
}

/**
 * Records in status that the class has accepted the object, before anything is created in AWS. So the objects that
 * count for the class, and the account that each is bound to, stay known even if the author edits the object or this
 * process stops.
 *
 * Errors: ConflictError when another object has taken the last place meanwhile; those of the patch.
 */
export async function accept(
  { objects, mutationCache, classes, nowMs }: AcceptanceDependencies,
  { key, raw, object, binding }: Candidate,
  signal: AbortSignal,
): Promise<Pick<Candidate, "raw" | "object">> {
  if (binding.kind !== "bound") return { raw, object };
  const of = binding.class;
  const max = of.spec.maxPerNamespace ?? Number.POSITIVE_INFINITY;
  const { objects: others, orphans } = classes.acceptances.before(object, of);
  if (others + orphans.length >= max) {
    throw new ConflictError(
      `class ${of.metadata.name} accepted another object before ${key}. The controller retries.`,
      {
        reason: "TooManyObjects",
      },
    );
  }
  const { accepted, release, ended } = classes.acceptances.reserve(object, of, nowMs());
  try {
    const record = firstRecord(object, accepted);
    const written = await writeAcceptance(objects, object, record, signal);
    mutationCache.record(key, raw, written);
    const { metadata: current } = parseInstanceProfile(written);
    const status = { observedGeneration: -1, ...object.status, ...record };
    return { raw: written, object: { ...object, metadata: current, status } };
  } catch (error) {
    // If the reply was lost, the write may have succeeded: keep the reservation until the watch would have shown it.
    if (dispositionOf(error) !== "retryable") release();
    throw error;
  } finally {
    ended();
  }
}
