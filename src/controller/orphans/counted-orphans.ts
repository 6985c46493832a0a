import type { AcceptedClass, InstanceProfileStatus, ObjectMeta } from "../../api/instance-profile.ts";
import type { InstanceProfileClass } from "../../api/instance-profile-class.ts";
import type { Orphan } from "../../engine/orphans/orphans.ts";
import type { KubeObject } from "../../engine/ports.ts";
import { LruMap } from "../../model/lru-map.ts";
import { roleNameIn } from "../object-key.ts";

/** A role in AWS whose object no longer exists, and that counts against `maxPerNamespace` of a class. */
export interface CountedOrphan {
  readonly namespace: string;
  /** The name of the object. */
  readonly name: string;
  readonly uid: string;
  readonly roleName: string;
  readonly accountId: string;
  /**
   * From the status of the object; undefined if the role is known only by its tags, so that it counts for every class
   * of the account.
   */
  readonly accepted: AcceptedClass | undefined;
}

/** About 500 bytes each. */
const MAX_LOST = 5_000;
/**
 * The number of consecutive scans without the role after which it no longer counts: one may have started before the
 * deletion.
 */
const SCANS_IN_A_ROW = 2;

interface Lost {
  readonly orphan: CountedOrphan;
  scansWithout: number;
}

/**
 * Counts the orphans of accepted objects for `maxPerNamespace`, until they no longer exist: otherwise an author could
 * have any number of roles, by having objects deleted without their finalizer.
 *
 * An object that was deleted without its finalizer counts at once, by its status, which only the controller writes.
 * Orphans that account scans confirm later, for example after a restart, are known only by their tags.
 */
export class CountedOrphans {
  readonly #onFreed: () => void;
  readonly #lost = new LruMap<Lost>(MAX_LOST);
  /** By account key. */
  readonly #confirmed = new Map<string, readonly CountedOrphan[]>();

  /** @param onFreed called when an orphan no longer counts */
  constructor(onFreed: () => void) {
    this.#onFreed = onFreed;
  }

  /** Records an object that was deleted without its finalizer being removed by the controller. */
  lost(last: KubeObject): void {
    const { uid, namespace, name } = last["metadata"] as ObjectMeta;
    const { class: accepted } = (last["status"] ?? {}) as InstanceProfileStatus;
    const roleName = roleNameIn(last);
    if (accepted === undefined) return;
    const orphan = { namespace, name, uid, roleName, accountId: accepted.accountId, accepted };
    this.#lost.set(uid, { orphan, scansWithout: 0 });
  }

  /**
   * Records the results of an account scan.
   *
   * @param shown the uids in the owner tags of the candidates that the scan found
   * @param confirmed all confirmed orphans of the account
   */
  scanned(accountKey: string, shown: ReadonlySet<string>, confirmed: readonly Orphan[]): void {
    const before = this.#size;
    for (const lost of [...this.#lost.values()].filter(({ orphan }) => orphan.accountId === accountKey)) {
      lost.scansWithout = shown.has(lost.orphan.uid) ? 0 : lost.scansWithout + 1;
      if (lost.scansWithout >= SCANS_IN_A_ROW) this.#lost.delete(lost.orphan.uid);
    }
    this.#confirmed.set(accountKey, confirmed.map(byTags));
    if (this.#size < before) this.#onFreed();
  }

  /** Removes the confirmed orphans of an account that is no longer scanned. */
  forget(accountKey: string): void {
    this.#confirmed.delete(accountKey);
  }

  /** The orphans that count for the class in the namespace. */
  of(namespace: string, { metadata, spec }: InstanceProfileClass): readonly CountedOrphan[] {
    const lost = [...this.#lost.values()].map(({ orphan }) => orphan);
    const known = new Set(lost.map(({ uid }) => uid));
    const confirmed = [...this.#confirmed.values()].flat();
    return [
      ...lost.filter(({ accepted }) => accepted?.name === metadata.name),
      ...confirmed.filter(({ uid, accountId }) => accountId === spec.account.id && !known.has(uid)),
    ].filter((orphan) => orphan.namespace === namespace);
  }

  get #size(): number {
    return this.#lost.size + [...this.#confirmed.values()].flat().length;
  }
}

function byTags({ owner, role, accountId }: Orphan): CountedOrphan {
  const { namespace, name, uid } = owner;
  return { namespace, name, uid, roleName: role.roleName, accountId, accepted: undefined };
}
