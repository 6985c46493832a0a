import { FORCE_DELETE_ANNOTATION, type InstanceProfile } from "../api/instance-profile.ts";
import type { Assertion, KubeObject, ObjectClient } from "../engine/ports.ts";
import { ConflictError } from "../errors.ts";
import { asReceived, Postponed } from "./pass.ts";

/** What a look at the object takes. */
export interface ConfirmationSources {
  readonly objects: ObjectClient;
  readonly monotonicMs: () => number;
}

/** For so long what was seen of an object is good for its next write. Without throttling a pass is faster. */
const CONFIRMED_MS = 5_000;

/**
 * A last look before writing AWS: the cache may lag behind an edit, a deletion, or a new object of the same name.
 *
 * It is looked at again when the next write comes late. What an edit has taken back meanwhile shall not be granted; and whoever
 * loses patience with a deletion takes the finalizer off by hand, and the successor of the object shall not lose what it has
 * found.
 *
 * @param provedMs when the API server itself last said that the object is current, on the clock of the sources
 */
export function confirmCurrent(
  { objects, monotonicMs }: ConfirmationSources,
  object: InstanceProfile,
  provedMs: number = Number.NEGATIVE_INFINITY,
): Assertion {
  const { metadata: then } = object;
  let confirmedMs = provedMs;
  return async (signal) => {
    const nowMs = monotonicMs();
    if (nowMs - confirmedMs < CONFIRMED_MS) return;
    await assertCurrent(objects, then, signal);
    // Of the time before the question: the answer may have been long in coming.
    confirmedMs = nowMs;
  };
}

async function assertCurrent(
  objects: ObjectClient,
  then: InstanceProfile["metadata"],
  signal: AbortSignal,
): Promise<void> {
  let live: KubeObject | undefined;
  try {
    live = await objects.get(then, signal);
  } catch (error) {
    throw new Postponed(error);
  }
  const now = live === undefined ? undefined : asReceived(live).metadata;
  const isSame =
    now?.uid === then.uid &&
    now.generation === then.generation &&
    now.deletionTimestamp === then.deletionTimestamp &&
    now.annotations?.[FORCE_DELETE_ANNOTATION] === then.annotations?.[FORCE_DELETE_ANNOTATION];
  if (isSame) return;
  const what = `${then.namespace}/${then.name}`;
  throw new Postponed(new ConflictError(`${what} has changed since it was read`, { reason: "StaleObject" }));
}
