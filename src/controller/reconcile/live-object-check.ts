import { FORCE_DELETE_ANNOTATION, type InstanceProfile } from "../../api/instance-profile.ts";
import type { KubeObject, ObjectClient, Precondition } from "../../engine/ports.ts";
import { ConflictError } from "../../errors.ts";
import type { ClassResolver } from "../classes/class-resolver.ts";
import { asReceived, Postponed } from "./outcomes.ts";

/** What the check of an object and its class reads. */
export interface LiveObjectSources {
  readonly objects: ObjectClient;
  readonly classes: Pick<ClassResolver, "revisionOf">;
  /** Lists the InstanceProfileClasses, from the API server and not from the cache. */
  readonly listClasses: (signal: AbortSignal) => Promise<readonly KubeObject[]>;
  readonly monotonicMs: () => number;
}

/** What a plan was made from. */
export interface BoundObject {
  readonly object: InstanceProfile;
  /** {@link ClassResolver.revisionOf} when the object was judged. */
  readonly classRevision: string;
  /** When that was, on the clock of the sources. */
  readonly judgedMs: number;
}

/** For so long what was read of an object and of its class is good for the next write. Without throttling a reconcile is faster. */
const CONFIRMED_MS = 5_000;

/**
 * The precondition of each write to AWS: the object and its class are still the ones that the plan was made from.
 *
 * The cache of classes is compared before every write, which costs no request. When the last proof is older than five seconds,
 * the object and the classes are read from the API server again, so that neither a slow AWS nor a watch that lags lets a write
 * through that an edit, a deletion or a narrowed class has taken back (ADR 0011).
 *
 * @param provedMs when the API server itself last said that the object is current, on the clock of the sources
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
    // Of the time before the request: the reply may have been long in coming.
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
  throw stale("StaleClass", `the class of ${keyOf(object)} has changed since the object was judged`);
}

async function assertSameObject(
  { objects }: LiveObjectSources,
  { object: { metadata: then } }: BoundObject,
  signal: AbortSignal,
): Promise<void> {
  const live = await orPostpone(objects.get(then, signal));
  const now = live === undefined ? undefined : asReceived(live).metadata;
  const isSame =
    now?.uid === then.uid &&
    now.generation === then.generation &&
    now.deletionTimestamp === then.deletionTimestamp &&
    now.annotations?.[FORCE_DELETE_ANNOTATION] === then.annotations?.[FORCE_DELETE_ANNOTATION];
  if (!isSame) throw stale("StaleObject", `${then.namespace}/${then.name} has changed since it was read`);
}

/** A failure of the API server says nothing about AWS: the reconcile is tried again. */
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
