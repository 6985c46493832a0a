import type { AcceptedClass, InstanceProfile, InstanceProfileStatus, ObjectMeta } from "../api/instance-profile.ts";
import type { InstanceProfileClass } from "../api/instance-profile-class.ts";
import type { KubeObject, ObjectClient, PatchOperation } from "../engine/ports.ts";
import type { Evidence } from "../model/trace.ts";
import { withDeletionTerms } from "./deletion-terms.ts";
import type { Standing } from "./standing.ts";

/** True when this class, in this account, has accepted the object. */
export function isAcceptedBy(status: Evidence | undefined, by: InstanceProfileClass): boolean {
  const accepted = status?.class;
  return accepted?.name === by.metadata.name && accepted.accountId === by.spec.account.id;
}

/** The AWS account that the object is bound to; undefined before it is accepted or created. */
export function boundAccountId(status: Evidence | undefined): string | undefined {
  return status?.accountId ?? status?.class?.accountId;
}

/** The record of the acceptance as the class is now; undefined for an object that its class has not accepted. */
export function currentRecord(standing: Standing): AcceptedClass | undefined {
  if (standing.kind !== "bound" || !standing.isAccepted) return undefined;
  const accepted = standing.object.status?.class;
  return accepted && withDeletionTerms(accepted, standing.class);
}

/** An object that a class has accepted, as far as the count of a namespace depends on it. */
interface Accepted {
  readonly uid: string;
  readonly acceptedTime: string;
}

/** What is counted: the objects of one class in one namespace. */
interface Place {
  readonly className: string;
  readonly namespace: string;
}

/** An acceptance that is on its way to the API server. */
interface Reservation extends Accepted, Place {
  /** When the request that writes it ended; undefined while it is under way. */
  endedMs: number | undefined;
}

/**
 * How long a reservation stands in for the cache after its request has ended. A watch that is later than this has lost its place, and
 * an acceptance of which nothing is seen by then was never written.
 */
const RESERVED_MS = 60_000;

/** What acceptances are counted by. */
export interface AcceptanceSources {
  /** The InstanceProfiles as last seen. */
  readonly objects: () => readonly KubeObject[];
  readonly monotonicMs: () => number;
}

/** A place that was taken for an object. */
export interface ReservedPlace {
  readonly accepted: AcceptedClass;
  /** Gives the place back: the acceptance was not written. */
  readonly release: () => void;
  /** The request that writes the acceptance has ended, whatever came of it. */
  readonly ended: () => void;
}

/**
 * Counts the objects that a class has accepted, and orders them: first accepted, first counted. Names and creation times decide
 * nothing, because authors choose them. An object counts until it is gone, also while it is being deleted.
 *
 * The cache learns of an acceptance some time after the controller has written it. Until then a reservation stands in for it, so
 * that two objects that are reconciled at the same time cannot both take the last place. A reservation whose request came to nothing that
 * anyone could see (a lost reply, an object that was gone by then, a process that stops) expires.
 */
export class Acceptances {
  readonly #sources: AcceptanceSources;
  readonly #reservations = new Map<string, Reservation>();

  constructor(sources: AcceptanceSources) {
    this.#sources = sources;
  }

  /** How many accepted objects of the class and namespace count before this one. All of them when it is not accepted itself. */
  countBefore(metadata: Pick<ObjectMeta, "uid" | "namespace">, className: string): number {
    const all = this.#accepted({ className, namespace: metadata.namespace });
    const own = all.get(metadata.uid);
    const others = [...all].filter(([uid]) => uid !== metadata.uid).map(([, accepted]) => accepted);
    return own === undefined ? others.length : others.filter((one) => isBefore(one, own)).length;
  }

  /**
   * Takes a place for the object. The caller has found that there is one, and nothing else ran in between. The caller says when its
   * request has ended.
   */
  reserve(
    { uid, namespace }: Pick<ObjectMeta, "uid" | "namespace">,
    { metadata, spec }: InstanceProfileClass,
    nowMs: number,
  ): ReservedPlace {
    const place = { className: metadata.name, namespace };
    const latestMs = Math.max(0, ...[...this.#accepted(place).values()].map((one) => Date.parse(one.acceptedTime)));
    // A clock that is behind that of another leader must not put this object before those that are there.
    const acceptedTime = new Date(Math.max(nowMs, latestMs + 1)).toISOString();
    const reservation: Reservation = { uid, acceptedTime, endedMs: undefined, ...place };
    this.#reservations.set(uid, reservation);
    return {
      accepted: withDeletionTerms({ name: metadata.name, accountId: spec.account.id, acceptedTime }, { spec }),
      release: () => this.#reservations.delete(uid),
      ended: () => {
        reservation.endedMs = this.#sources.monotonicMs();
      },
    };
  }

  /** The cache shows this version of an object, or that it is gone: it is counted from the cache from now on. */
  observed(object: KubeObject, isGone: boolean): void {
    const { uid } = object["metadata"] as ObjectMeta;
    const reservation = this.#reservations.get(uid);
    if (reservation === undefined) return;
    const isWritten = acceptedIn(object)?.acceptedTime === reservation.acceptedTime;
    if (isGone || isWritten) this.#reservations.delete(uid);
  }

  #accepted(place: Place): ReadonlyMap<string, Accepted> {
    this.#expire();
    const cached = this.#sources.objects().flatMap((object): [string, Accepted][] => {
      const { uid, namespace } = object["metadata"] as ObjectMeta;
      const accepted = acceptedIn(object);
      if (namespace !== place.namespace || accepted?.name !== place.className) return [];
      return [[uid, { uid, acceptedTime: accepted.acceptedTime }]];
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

function acceptedIn(object: KubeObject): AcceptedClass | undefined {
  return (object["status"] as InstanceProfileStatus | undefined)?.class;
}

function isBefore(one: Accepted, other: Accepted): boolean {
  const [time, otherTime] = [Date.parse(one.acceptedTime), Date.parse(other.acceptedTime)];
  return time === otherTime ? one.uid < other.uid : time < otherTime;
}

/** Writes the acceptance to status, of the very version that was judged. Errors: those of the patch. */
export function writeAcceptance(
  objects: ObjectClient,
  { metadata, status }: Pick<InstanceProfile, "metadata" | "status">,
  accepted: AcceptedClass,
  signal: AbortSignal,
): Promise<KubeObject> {
  const record: PatchOperation =
    status === undefined
      ? { op: "add", path: "/status", value: { observedGeneration: -1, class: accepted } }
      : { op: "add", path: "/status/class", value: accepted };
  return objects.patchStatus(
    metadata,
    [
      { op: "test", path: "/metadata/uid", value: metadata.uid },
      { op: "test", path: "/metadata/resourceVersion", value: metadata.resourceVersion },
      record,
    ],
    signal,
  );
}
