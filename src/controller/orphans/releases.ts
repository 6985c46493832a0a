import type { KubeObject, ObjectClient, PatchOperation } from "../../engine/ports.ts";
import { ControllerError } from "../../errors.ts";
import { LruMap } from "../../model/lru-map.ts";

/** Objects whose release is remembered: the watch reports the deletion of each within seconds. */
const MAX_RELEASES = 10_000;

/**
 * Which objects this process has released: it took the controller's finalizer off, because AWS is clean or the object retains what it
 * has there. Any other end of an object leaves its entities in AWS.
 */
export class Releases {
  /** By uid; resolves with false when the object turned out to be gone before, or no longer had the finalizer. */
  readonly #byUid = new LruMap<Promise<boolean>>(MAX_RELEASES);

  /** The client, whose removals of finalizers are noted. The note precedes the request: the watch may be faster than the reply. */
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

  /** True when this process released the object, or may have: a lost reply proves nothing. */
  async has(uid: string): Promise<boolean> {
    return (await this.#byUid.get(uid)) ?? false;
  }

  /** What came of its release; undefined when this process has not tried to release it. */
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
