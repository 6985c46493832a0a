import { isDeepStrictEqual } from "node:util";
import { FORCE_DELETE_ANNOTATION, type InstanceProfile } from "../../api/instance-profile.ts";
import type { KubeObject, ObjectClient, Precondition } from "../../engine/ports.ts";
import { ConflictError } from "../../errors.ts";
import type { ClassResolver } from "../classes/class-resolver.ts";
import { asReceived, Postponed } from "./outcomes.ts";

/** The sources of {@link preconditionOf}. */
export interface LiveObjectSources {
  readonly objects: ObjectClient;
  readonly classes: Pick<ClassResolver, "revisionOf">;
  /** Lists the InstanceProfileClasses, from the API server and not from the cache. */
  readonly listClasses: (signal: AbortSignal) => Promise<readonly KubeObject[]>;
  readonly monotonicMs: () => number;
}

/** The object and the class revision that a plan was computed from. */
export interface BoundObject {
  readonly object: InstanceProfile;
  /** The object as received. */
  readonly raw: KubeObject;
  /** {@link ClassResolver.revisionOf} when the binding was resolved. */
  readonly classRevision: string;
  /** When the binding was resolved, on the clock of the sources. */
  readonly judgedMs: number;
}

/** How long a read of the object and its class counts for further writes. Without throttling, a reconcile is faster. */
const CONFIRMED_MS = 5_000;

/**
 * The precondition of each write to AWS: the object and its class are still the ones that the plan was computed from.
 *
 * The class revision is compared with the cache before every write, which costs no request. When the last proof is
 * older than five seconds, the object and the classes are read from the API server again, so that neither a slow AWS
 * nor a lagging watch permits a write that an edit, a deletion or a narrowed class has made obsolete (ADR 0011).
 *
 * @param provedMs when the API server last proved that the object is current, on the clock of the sources
 */
export function preconditionOf(
  sources: LiveObjectSources,
  judged: BoundObject,
  provedMs: number = Number.NEGATIVE_INFINITY,
): Precondition {
  const { monotonicMs, classes } = sources;
  let objectConfirmedMs = provedMs;
  let classConfirmedMs = judged.judgedMs;
  const isLate = (confirmedMs: number, nowMs: number): boolean => nowMs - confirmedMs >= CONFIRMED_MS;
  return async (signal) => {
    assertSameClass(judged, classes.revisionOf(judged.object));
    // Taken before the request, because the reply may be slow.
    const nowMs = monotonicMs();
    if (isLate(objectConfirmedMs, nowMs)) {
      await assertSameObject(sources, judged, signal);
      objectConfirmedMs = nowMs;
    }
    if (isLate(classConfirmedMs, nowMs)) {
      const live = await orPostpone(sources.listClasses(signal));
      assertSameClass(judged, classes.revisionOf(judged.object, live));
      classConfirmedMs = nowMs;
    }
  };
}

function assertSameClass({ object, classRevision }: BoundObject, now: string): void {
  if (now === classRevision) return;
  throw stale("StaleClass", `the class of ${keyOf(object)} has changed since the plan was computed`);
}

async function assertSameObject(
  { objects }: LiveObjectSources,
  { object: { metadata: then }, raw }: BoundObject,
  signal: AbortSignal,
): Promise<void> {
  const live = await orPostpone(objects.get(then, signal));
  const now = live === undefined ? undefined : asReceived(live).metadata;
  // After a restore of etcd, two specs can have the same generation.
  const isSame =
    now?.uid === then.uid &&
    now.generation === then.generation &&
    isDeepStrictEqual(live?.["spec"], raw["spec"]) &&
    now.deletionTimestamp === then.deletionTimestamp &&
    now.annotations?.[FORCE_DELETE_ANNOTATION] === then.annotations?.[FORCE_DELETE_ANNOTATION];
  if (!isSame) throw stale("StaleObject", `${then.namespace}/${then.name} has changed since it was read`);
}

/** A failure of the API server says nothing about AWS: the reconcile is retried without a status. */
async function orPostpone<T>(reply: Promise<T>): Promise<T> {
  try {
    return await reply;
  } catch (error) {
    throw new Postponed(error);
  }
}

function stale(reason: string, message: string): Postponed {
  return new Postponed(new ConflictError(message, { reason }));
}

function keyOf({ metadata }: InstanceProfile): string {
  return `${metadata.namespace}/${metadata.name}`;
}
