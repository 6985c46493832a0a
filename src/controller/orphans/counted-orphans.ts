import type { AcceptedClass, InstanceProfileStatus, ObjectMeta } from "../../api/instance-profile.ts";
import type { InstanceProfileClass } from "../../api/instance-profile-class.ts";
import type { Orphan } from "../../engine/orphans/orphans.ts";
import type { KubeObject } from "../../engine/ports.ts";
import { LruMap } from "../../model/lru-map.ts";

/** A role in AWS whose object is gone, as far as the number of a class depends on it. */
export interface CountedOrphan {
  readonly namespace: string;
  /** Of the object. */
  readonly name: string;
  readonly uid: string;
  readonly roleName: string;
  readonly accountId: string;
  /** By the status of the object; undefined where only tags in AWS tell of the role, so that it is of any class of the account. */
  readonly accepted: AcceptedClass | undefined;
}

/** About 500 bytes each. */
const MAX_LOST = 5_000;
/** Scans in a row that must not show what was lost before it counts no longer: one may have begun before. */
const SCANS_IN_A_ROW = 2;

interface Lost {
  readonly orphan: CountedOrphan;
  scansWithout: number;
}

/**
 * Counts what accepted objects have left in AWS for `maxPerNamespace`, until it is gone: else an author could have any number of roles,
 * by having objects deleted without their finalizer.
 *
 * An object that is lost counts from that moment, and is known by its status, which only the controller writes. What account scans confirm
 * later, after a restart say, is known by tags in AWS alone.
 */
export class CountedOrphans {
  readonly #onFreed: () => void;
  readonly #lost = new LruMap<Lost>(MAX_LOST);
  /** By the key of the account. */
  readonly #confirmed = new Map<string, readonly CountedOrphan[]>();

  /** `onFreed` is called when something counts no longer. */
  constructor(onFreed: () => void) {
    this.#onFreed = onFreed;
  }

  /** An object is gone without having been released. */
  lost(last: KubeObject): void {
    const { uid, namespace, name } = last["metadata"] as ObjectMeta;
    const { class: accepted } = (last["status"] ?? {}) as InstanceProfileStatus;
    const { roleName } = (last["spec"] ?? {}) as { readonly roleName?: string };
    if (accepted === undefined || roleName === undefined) return;
    const orphan = { namespace, name, uid, roleName, accountId: accepted.accountId, accepted };
    this.#lost.set(uid, { orphan, scansWithout: 0 });
  }

  /**
   * A scan of the account has ended.
   *
   * @param shown the uids of objects without which the scan has found roles
   * @param confirmed all orphans of the account that are confirmed
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

  /** The account is scanned no longer: nothing more is known of it than what its objects have left. */
  forget(accountKey: string): void {
    this.#confirmed.delete(accountKey);
  }

  /** What counts for the class in the namespace. */
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
