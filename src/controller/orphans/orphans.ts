import type { InstanceProfile, ObjectMeta } from "../../api/instance-profile.ts";
import type { KubeObject } from "../../engine/ports.ts";
import { ControllerError } from "../../errors.ts";
import type { ObjectChange } from "../../runtime/watch/store.ts";
import { LostObjects, type LostObjectsOptions } from "./lost-objects.ts";
import type { OrphanOptions } from "./orphan-options.ts";
import { AccountOrphans, type OrphanScan } from "./orphan-scan.ts";

/**
 * Finds what objects have left in AWS that were deleted without the controller removing their finalizer: at once when
 * the watch shows the deletion, and by the owner tags of roles in each account scan.
 */
export class Orphans {
  readonly #options: LostObjectsOptions;
  readonly #lost: LostObjects;
  readonly #proofs: DeletionProofs;
  readonly #byAccount = new Map<string, AccountOrphans>();
  readonly #abort = new AbortController();
  /** The chain of reports. One at a time: reports are not urgent, and a burst must not use up the rate limit of AWS. */
  #reporting: Promise<void> = Promise.resolve();

  constructor(options: LostObjectsOptions) {
    this.#options = options;
    this.#lost = new LostObjects(options);
    this.#proofs = new DeletionProofs(options);
  }

  /** The orphans of an account by its key. The state outlives a restart of the account's scans. */
  of(accountKey: string): OrphanScan {
    const known = this.#byAccount.get(accountKey) ?? new AccountOrphans(accountKey, this.#options);
    this.#byAccount.set(accountKey, known);
    return known;
  }

  /** Removes the state of an account that is no longer scanned. */
  forget(accountKey: string): void {
    this.#byAccount.get(accountKey)?.left();
    this.#byAccount.delete(accountKey);
    this.#options.counted.forget(accountKey);
  }

  /** Handles a change from the watch. `isWorking`: this process is the leader and reports. */
  objectChanged(change: ObjectChange, isWorking: boolean): void {
    if (change.type !== "deleted") return;
    const { old, isFinalStateUnknown } = change;
    const { hasLabelSelector, asJudged, policy } = this.#options;
    const object = asJudged(old);
    const isProof = policy === "Delete" && !isFinalStateUnknown && !hasLabelSelector;
    const { signal } = this.#abort;
    if (signal.aborted) return;
    // Outside of the chain, which may wait for AWS until the CRD is created again.
    const proved = isProof && object !== undefined ? this.#logged(this.#proofs.deleted(object, signal)) : undefined;
    if (isWorking) this.#count(old, object);
    this.#enqueue(async () => {
      await proved;
      if (isWorking) await this.#lost.objectDeleted(old, object, signal);
    });
  }

  #enqueue(report: () => Promise<void>): void {
    const { signal } = this.#abort;
    this.#reporting = this.#logged(this.#reporting.then(() => (signal.aborted ? undefined : report())));
  }

  async #logged(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      const message = "could not report an object that was deleted without its finalizer";
      this.#options.logger.error(message, { err: error });
    }
  }

  /**
   * Counts the deletion, except of a retained object, which its class no longer bounds, and with a label selector,
   * which hides objects.
   */
  #count(last: KubeObject, object: InstanceProfile | undefined): void {
    const { releases, counted, hasLabelSelector } = this.#options;
    if (hasLabelSelector || object?.spec.deletionPolicy === "Retain") return;
    const release = releases.of((last["metadata"] as ObjectMeta).uid);
    if (release === undefined) counted.lost(last);
    else void release.then((isReleased) => (isReleased ? undefined : counted.lost(last)));
  }

  /** Resolves when no report is in progress. */
  async stop(): Promise<void> {
    this.#abort.abort(new Error("The controller is shutting down"));
    await this.#reporting;
  }
}

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
class DeletionProofs {
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
