import type { InstanceProfile } from "../../api/instance-profile.ts";
import type { CrdReader, CrdState } from "../../engine/ports.ts";
import { LruMap } from "../../model/lru-map.ts";
import type { Logger } from "../../telemetry.ts";
import { keyText } from "../object-key.ts";

/** What happens in AWS when the CRD is deleted, and so every object. */
export type CrdDeletionPolicy = "Retain" | "Delete";

/** What the deletion of an object does in AWS. `Unknown`: ask again after {@link DISCOVERY_LAG_MS}. */
export type EffectOfDeletion = "Retain" | "Delete" | "Unknown";

/** How long discovery may lag behind the deletion of a CRD. */
export const DISCOVERY_LAG_MS = 10_000;

/** The maximum number of remembered retained objects: the watch reports each deletion within seconds. */
const MAX_RETAINED = 10_000;

/** The dependencies of {@link CrdDeletion}. */
export interface CrdDeletionOptions {
  readonly crd: CrdReader;
  readonly policy: CrdDeletionPolicy;
  readonly monotonicMs: () => number;
  readonly logger: Logger;
}

/**
 * Tells an object that was deleted from one that goes with its CRD. Deleting the CRD is how an installation is removed or broken, so by
 * default it leaves AWS as it is.
 *
 * A CRD is marked as being deleted before its objects are, so the CRD is read for each object: an earlier read proves nothing.
 */
export class CrdDeletion {
  readonly #options: CrdDeletionOptions;
  /**
   * When objects in deletion were first asked for without permission to read the CRD, by `namespace/name`. `forget` bounds it
   * by the objects in the cache. It evicts nothing: an object whose time is evicted before it asks again would never be deleted.
   */
  readonly #seen = new Map<string, { readonly uid: string; readonly seenMs: number }>();
  /** The uids of objects that go with their CRD: the CRD may exist again when the watch shows that they are gone. */
  readonly #retained = new LruMap<true>(MAX_RETAINED);
  /** When discovery last showed that the CRD is being deleted: API servers may lag behind each other. */
  #withdrawnMs = Number.NEGATIVE_INFINITY;
  #hasWarned = false;

  constructor(options: CrdDeletionOptions) {
    this.#options = options;
  }

  /** The name of the CRD. */
  get crdName(): string {
    return this.#options.crd.name;
  }

  /** The effect for the object of a key that has a deletion timestamp. Errors: ControllerErrors of the API server. */
  async effectOn(key: string, uid: string, signal: AbortSignal): Promise<EffectOfDeletion> {
    if (this.#options.policy === "Delete") return "Delete";
    const startedMs = this.#options.monotonicMs();
    const state = await this.#read(signal);
    if (state.isBeingDeleted) this.#retained.set(uid, true);
    else if (!state.isConfirmed && this.#seenMs(key, uid) === undefined)
      this.#seen.set(key, { uid, seenMs: startedMs });
    return this.#effect(state, startedMs, this.#seenMs(key, uid));
  }

  /**
   * Selects the objects that were not deleted with their CRD, by one read of it. The objects are those that the watch shows as
   * deleted. Errors: ControllerErrors of the API server.
   */
  async deletedAlone<T extends Pick<InstanceProfile, "metadata">>(
    objects: readonly T[],
    signal: AbortSignal,
  ): Promise<readonly T[]> {
    if (this.#options.policy === "Delete") return objects;
    const startedMs = this.#options.monotonicMs();
    const candidates = objects
      .filter(({ metadata }) => this.#retained.get(metadata.uid) === undefined)
      .map((object) => ({ object, seenMs: this.#seenMs(keyText(object.metadata), object.metadata.uid) }));
    if (candidates.length === 0) return [];
    const state = await this.#read(signal);
    return candidates
      .filter(({ seenMs }) => this.#effect(state, startedMs, seenMs) === "Delete")
      .map(({ object }) => object);
  }

  /** Forgets the object of a key that no longer exists or that the controller has released. */
  forget(key: string): void {
    this.#seen.delete(key);
  }

  async #read(signal: AbortSignal): Promise<CrdState> {
    const state = await this.#options.crd.read(signal);
    if (state.isBeingDeleted) this.#withdrawnMs = this.#options.monotonicMs();
    else if (!state.isConfirmed) this.#warn();
    return state;
  }

  #seenMs(key: string, uid: string): number | undefined {
    const seen = this.#seen.get(key);
    return seen?.uid === uid ? seen.seenMs : undefined;
  }

  /** `startedMs`: when the read of the CRD began; only what it shows of the time before counts. */
  #effect({ isBeingDeleted, isConfirmed }: CrdState, startedMs: number, seenMs = startedMs): EffectOfDeletion {
    if (isBeingDeleted) return "Retain";
    if (isConfirmed) return "Delete";
    return startedMs - Math.max(seenMs, this.#withdrawnMs) >= DISCOVERY_LAG_MS ? "Delete" : "Unknown";
  }

  #warn(): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const { logger, crd } = this.#options;
    logger.warn(
      "Not authorized to get the CRD, so deletions wait until discovery shows whether it is being deleted. Grant the verb get on customresourcedefinitions of apiextensions.k8s.io, for this name.",
      { crd: crd.name, delayMs: DISCOVERY_LAG_MS },
    );
  }
}
