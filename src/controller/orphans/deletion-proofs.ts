import type { InstanceProfile } from "../../api/instance-profile.ts";
import { ControllerError } from "../../errors.ts";
import type { OrphanOptions } from "./orphan-options.ts";

/** How long after a deletion a read of the CRD proves anything: later, the CRD may have been created again. */
const PROOF_WINDOW_MS = 5_000;

/** As many as {@link OrphanOptions.deleted} records. More objects that wait are not recorded. */
const MAX_WAITING = 5_000;

/** An object that the watch has shown as deleted, and when. */
interface Waiting {
  readonly object: InstanceProfile;
  readonly deletedMs: number;
}

/**
 * Records the deletion of objects as proof that their role is an orphan, unless they went with their CRD or the API server cannot
 * say. A read of the CRD that began before a deletion proves nothing about it, so each deletion waits for the read in progress, and all
 * that wait share the next one.
 */
export class DeletionProofs {
  readonly #options: Pick<OrphanOptions, "crdDeletion" | "deleted" | "monotonicMs">;
  #waiting: Waiting[] = [];
  /** The newest read; it begins when the one before has ended. */
  #reading: Promise<void> = Promise.resolve();

  constructor(options: Pick<OrphanOptions, "crdDeletion" | "deleted" | "monotonicMs">) {
    this.#options = options;
  }

  /** Records the object, which the watch has just shown as deleted. Errors: bugs, and the signal's reason. */
  deleted(object: InstanceProfile, signal: AbortSignal): Promise<void> {
    if (this.#waiting.length === 0)
      this.#reading = this.#reading.catch(() => {}).then(() => this.#proveWaiting(signal));
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push({ object, deletedMs: this.#options.monotonicMs() });
    return this.#reading;
  }

  async #proveWaiting(signal: AbortSignal): Promise<void> {
    const asked = this.#waiting;
    this.#waiting = [];
    const { crdDeletion, deleted, monotonicMs } = this.#options;
    try {
      const alone = new Set(
        await crdDeletion.deletedAlone(
          asked.map(({ object }) => object),
          signal,
        ),
      );
      const sinceMs = monotonicMs() - PROOF_WINDOW_MS;
      for (const { object, deletedMs } of asked) if (deletedMs >= sinceMs && alone.has(object)) deleted.record(object);
    } catch (error) {
      if (!(error instanceof ControllerError)) throw error;
    }
  }
}
