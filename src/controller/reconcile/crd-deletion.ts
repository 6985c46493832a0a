import type { CrdReader } from "../../engine/ports.ts";
import { LruMap } from "../../model/lru-map.ts";
import type { Logger } from "../../telemetry.ts";

/** What happens in AWS when the CRD is deleted, and so every object. */
export type CrdDeletionPolicy = "Retain" | "Delete";

/** What the deletion of an object does in AWS. `Unknown`: ask again after {@link DISCOVERY_LAG_MS}. */
export type EffectOfDeletion = "Retain" | "Delete" | "Unknown";

/** How long discovery may lag behind the deletion of a CRD. */
export const DISCOVERY_LAG_MS = 10_000;

const MAX_WAITING = 10_000;

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
  /** When the objects were first asked for without permission to read the CRD, by uid. */
  readonly #askedMs = new LruMap<number>(MAX_WAITING);
  #hasWarned = false;

  constructor(options: CrdDeletionOptions) {
    this.#options = options;
  }

  /** The name of the CRD. */
  get crdName(): string {
    return this.#options.crd.name;
  }

  /** The effect for an object that has a deletion timestamp. Errors: ControllerErrors of the API server. */
  async effectOn(uid: string, signal: AbortSignal): Promise<EffectOfDeletion> {
    const { crd, policy, monotonicMs } = this.#options;
    if (policy === "Delete") return "Delete";
    const { isBeingDeleted, isConfirmed } = await crd.read(signal);
    if (isBeingDeleted) return "Retain";
    if (isConfirmed) return "Delete";
    this.#warn();
    const nowMs = monotonicMs();
    const askedMs = this.#askedMs.get(uid) ?? nowMs;
    this.#askedMs.set(uid, askedMs);
    return nowMs - askedMs >= DISCOVERY_LAG_MS ? "Delete" : "Unknown";
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
