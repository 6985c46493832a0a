import type { InstanceProfile, ObjectMeta } from "../../api/instance-profile.ts";
import type { KubeObject } from "../../engine/ports.ts";
import type { ObjectChange } from "../../runtime/watch/store.ts";
import { LostObjects, type LostObjectsOptions } from "./lost-objects.ts";
import { AccountOrphans, type OrphanScan } from "./orphan-scan.ts";

/**
 * Finds what objects have left in AWS without the controller having released them: at once where the watch shows that an object went,
 * and by the owner tags of roles in each account scan.
 */
export class Orphans {
  readonly #options: LostObjectsOptions;
  readonly #lost: LostObjects;
  readonly #byAccount = new Map<string, AccountOrphans>();
  readonly #abort = new AbortController();
  /** One deletion at a time: nobody waits for a report, and a burst must not take AWS's requests from those who wait. */
  #reporting: Promise<void> = Promise.resolve();

  constructor(options: LostObjectsOptions) {
    this.#options = options;
    this.#lost = new LostObjects(options);
  }

  /** Of the account that scans know by this key; what it knows outlives a scan that begins anew. */
  of(accountKey: string): OrphanScan {
    const known = this.#byAccount.get(accountKey) ?? new AccountOrphans(accountKey, this.#options);
    this.#byAccount.set(accountKey, known);
    return known;
  }

  /** The account is scanned no longer: what its scans have found says nothing any more. */
  forget(accountKey: string): void {
    this.#byAccount.get(accountKey)?.left();
    this.#byAccount.delete(accountKey);
    this.#options.counted.forget(accountKey);
  }

  /** The watch shows a change. `isWorking`: this process is the leader, and reports. */
  objectChanged(change: ObjectChange, isWorking: boolean): void {
    if (change.type !== "deleted") return;
    const { old, isFinalStateUnknown } = change;
    const { deleted, hasLabelSelector, asJudged } = this.#options;
    const object = asJudged(old);
    const isProof = !isFinalStateUnknown && !hasLabelSelector;
    if (isProof && object !== undefined) deleted.record(object);
    if (!isWorking || this.#abort.signal.aborted) return;
    this.#count(old, object);
    const { signal } = this.#abort;
    this.#reporting = this.#reporting
      .then(() => (signal.aborted ? undefined : this.#lost.objectDeleted(old, object, signal)))
      .catch((error: unknown) => {
        if (!signal.aborted) this.#options.logger.error("a lost object could not be reported", { err: error });
      });
  }

  /** What the class lets an object retain is bound by no class any more. A selector hides objects, which count for another controller. */
  #count(last: KubeObject, object: InstanceProfile | undefined): void {
    const { releases, counted, hasLabelSelector } = this.#options;
    if (hasLabelSelector || object?.spec.deletionPolicy === "Retain") return;
    const release = releases.of((last["metadata"] as ObjectMeta).uid);
    if (release === undefined) counted.lost(last);
    else void release.then((isReleased) => (isReleased ? undefined : counted.lost(last)));
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#abort.abort(new Error("The controller is shutting down"));
    await this.#reporting;
  }
}
