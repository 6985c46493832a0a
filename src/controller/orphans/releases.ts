import type { KubeObject, ObjectClient, PatchOperation } from "../../engine/ports.ts";
import { ControllerError } from "../../errors.ts";
import { LruMap } from "../../model/lru-map.ts";

/** The maximum number of recorded releases: the watch reports each deletion within seconds. */
const MAX_RELEASES = 10_000;

/**
 * Records the objects that this process has released by removing the controller's finalizer, because nothing is left in
 * AWS or the object retains it. If an object is deleted in any other way, its entities stay in AWS.
 */
export class Releases {
  /** By uid; resolves to false when the object no longer existed, or no longer had the finalizer. */
  readonly #byUid = new LruMap<Promise<boolean>>(MAX_RELEASES);

  /**
   * Wraps a client so that removals of finalizers are recorded, before the reply, because the watch may be faster than
   * it.
   */
  noting(client: ObjectClient): ObjectClient {
    return {
      get: (key, signal) => client.get(key, signal),
      patchStatus: (key, operations, signal) => client.patchStatus(key, operations, signal),
      patch: (key, operations, signal) => {
        const uid = releasedUid(operations);
        const reply = client.patch(key, operations, signal);
        if (uid !== undefined) this.#byUid.set(uid, this.#outcome(reply));
        return reply;
      },
    };
  }

  /** True when this process has released the object, or may have, if the reply was lost. */
  async has(uid: string): Promise<boolean> {
    return (await this.#byUid.get(uid)) ?? false;
  }

  /** The result of the release; undefined when this process has not tried to release the object. */
  of(uid: string): Promise<boolean> | undefined {
    return this.#byUid.get(uid);
  }

  #outcome(reply: Promise<KubeObject>): Promise<boolean> {
    return reply.then(
      () => true,
      (error: unknown) => !(error instanceof ControllerError && error.disposition === "conflict"),
    );
  }
}

/** The uid that a removal of a finalizer is guarded by; undefined for every other patch. */
function releasedUid(operations: readonly PatchOperation[]): string | undefined {
  if (!operations.some(({ op, path }) => op === "remove" && path.startsWith("/metadata/finalizers/"))) return undefined;
  const guard = operations.find(({ op, path }) => op === "test" && path === "/metadata/uid");
  return guard !== undefined && "value" in guard ? String(guard.value) : undefined;
}
