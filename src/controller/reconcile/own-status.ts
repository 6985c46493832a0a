import type { InstanceProfileStatus, ObjectMeta } from "../../api/instance-profile.ts";
import type { KubeObject, ObjectClient, PatchOperation } from "../../engine/ports.ts";
import { dispositionOf } from "../../errors.ts";
import { type BackoffPolicy, backoffDelayMs } from "../../runtime/queue/backoff.ts";
import type { WatchedObject } from "../../runtime/watch/list-watch.ts";
import type { Indexers, ObjectCache, ObjectChange } from "../../runtime/watch/store.ts";
import { sameStatus } from "../../status/status-change.ts";
import type { Logger } from "../../telemetry.ts";
import { keyText, logFieldsOf } from "../object-key.ts";

type Status = InstanceProfileStatus | undefined;

/** A status write that the watch has not shown yet. */
interface PendingWrite {
  /** The fields of the status that it replaces; undefined if it replaces the whole status. */
  readonly fields: Readonly<Record<string, unknown>> | undefined;
  /** The whole status, if it replaces that. */
  readonly whole: Status;
  readonly sentMs: number;
  isAnswered: boolean;
  /** The status in the reply, which differs from the written one if an admission webhook changes it. */
  stored?: Status;
}

/** A status that another client has overwritten. */
interface Overwritten {
  readonly uid: string;
  /** The last status that the controller wrote, or that was there when it started. */
  readonly own: Status;
  /** The status of the other client. */
  readonly shown: Status;
  /** The delay of the restoration. */
  readonly delayMs: number;
}

/** The dependencies of {@link OwnStatus}. */
export interface OwnStatusOptions {
  readonly monotonicMs: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  /** Called for each change of a status by another client, with the delay after which the status must be written again. */
  readonly restoreAfter: (key: string, delayMs: number) => void;
}

/** How often the status of an object was restored lately. */
interface Restorations {
  readonly count: number;
  readonly lastMs: number;
}

/** How long a write without a reply is waited for: it may have succeeded. */
const PENDING_MS = 60_000;
/** Writes that the watch has not shown are kept up to this number. */
const MAX_PENDING = 10;
/** How long after the start the last writes of the former leader may arrive. */
const FORMER_LEADER_MS = 10_000;
/** The first restoration follows within seconds; a client that keeps writing cannot keep the controller busy. */
const RESTORE_POLICY: BackoffPolicy = { baseMs: 1_000, capMs: 300_000, jitter: 0.2 };
/** After this time without a restoration, the next one follows within seconds again. */
const FORGIVEN_AFTER_MS = 2 * RESTORE_POLICY.capMs;

/**
 * Tells the controller's own status writes from those of other clients, and keeps the last own status of an object while
 * the API server has another one, so that a reconcile does not start from what another client has written.
 *
 * Keeps nothing of an object whose status only the controller writes. After a restart, the status is believed as it is.
 */
export class OwnStatus {
  readonly #options: OwnStatusOptions;
  readonly #pending = new Map<string, readonly PendingWrite[]>();
  readonly #overwritten = new Map<string, Overwritten>();
  readonly #restorations = new Map<string, Restorations>();
  #believesUntilMs = 0;

  constructor(options: OwnStatusOptions) {
    this.#options = options;
  }

  /** The controller begins to work: for a moment, the watch may still show status writes of the former leader. */
  start(): void {
    this.#believesUntilMs = this.#options.monotonicMs() + FORMER_LEADER_MS;
  }

  /** Wraps a client so that status writes are recorded before they are sent, because the watch may precede the reply. */
  noting(client: ObjectClient): ObjectClient {
    return {
      get: (key, signal) => client.get(key, signal),
      patch: (key, operations, signal) => client.patch(key, operations, signal),
      patchStatus: async (key, operations, signal) => {
        const write = this.#expect(keyText(key), operations);
        try {
          const reply = await client.patchStatus(key, operations, signal);
          this.#replied(keyText(key), write, reply);
          return reply;
        } catch (error) {
          // If the reply was lost, the write may have succeeded.
          if (dispositionOf(error) !== "retryable") this.#withdraw(keyText(key), write);
          throw error;
        }
      },
    };
  }

  /**
   * A cache with the controller's own statuses in place of other clients', for whatever decides by objects in the cache.
   *
   * @param indexers those of the cache
   */
  view(cache: ObjectCache, indexers: Indexers = {}): ObjectCache {
    const own = (raw: WatchedObject) => this.withOwn(keyText(raw.metadata), raw);
    return {
      get: (key) => {
        const raw = cache.get(key);
        return raw && own(raw);
      },
      list: () => (this.#overwritten.size === 0 ? cache.list() : cache.list().map(own)),
      byIndex: (index, value) => {
        const shown = cache.byIndex(index, value).filter(({ metadata }) => !this.#overwritten.has(keyText(metadata)));
        const restored = [...this.#overwritten.keys()].flatMap((key) => cache.get(key) ?? []).map(own);
        return [...shown, ...restored.filter((object) => indexers[index]?.(object) === value)];
      },
      keys: () => cache.keys(),
      get size() {
        return cache.size;
      },
    };
  }

  /** The change as the controller's own statuses show it. Takes note of a status that another client has written. */
  seen(change: ObjectChange): ObjectChange {
    if (change.type === "added") return change;
    const key = keyText(change.old.metadata);
    const old = this.withOwn(key, change.old);
    if (change.type === "deleted") return { ...change, old };
    this.changed(key, change.old, change.new);
    return { ...change, old, new: this.withOwn(key, change.new) };
  }

  /** The watch shows another version of an object, whose status this or another client may have changed. */
  changed(key: string, before: KubeObject, after: KubeObject): void {
    const [old, shown] = [statusOf(before), statusOf(after)];
    if (same(old, shown)) return;
    const overwritten = this.#overwritten.get(key);
    const known = overwritten?.uid === uidOf(after) ? overwritten : undefined;
    const pending = this.#pendingOf(key);
    const index = pending.findIndex((write) => resultsIn(write, old, shown));
    const write = pending[index];
    if (write === undefined) {
      if (known !== undefined) this.#keep(key, { ...known, shown });
      else this.#overwrittenBy(key, old, after);
      return;
    }
    this.#keepPending(key, pending.slice(index + 1));
    this.#overwritten.delete(key);
    // The rest of the status is still the other client's.
    if (known !== undefined && write.fields !== undefined)
      this.#keep(key, { ...known, own: resultOf(write, known.own), shown });
  }

  /** The object with the controller's own status in place of another client's. */
  withOwn<T extends KubeObject>(key: string, raw: T): T {
    const known = this.#overwritten.get(key);
    if (known === undefined || known.uid !== uidOf(raw) || !same(known.shown, statusOf(raw))) return raw;
    const { status: _, ...rest } = raw;
    return (known.own === undefined ? rest : { ...rest, status: known.own }) as T;
  }

  /** Removes the state of a deleted object. */
  forget(key: string): void {
    this.#pending.delete(key);
    this.#overwritten.delete(key);
    this.#restorations.delete(key);
  }

  #overwrittenBy(key: string, own: Status, after: KubeObject): void {
    const nowMs = this.#options.monotonicMs();
    if (nowMs < this.#believesUntilMs) return;
    this.#options.logger.warn("another client changed the status; the controller restores it", logFieldsOf(key));
    const count = this.#restorationsOf(key);
    this.#restorations.set(key, { count: count + 1, lastMs: nowMs });
    const delayMs = backoffDelayMs(RESTORE_POLICY, count, this.#options.random);
    this.#keep(key, { uid: uidOf(after), own, shown: statusOf(after), delayMs });
  }

  #keep(key: string, overwritten: Overwritten): void {
    this.#overwritten.set(key, overwritten);
    this.#options.restoreAfter(key, overwritten.delayMs);
  }

  #expect(key: string, operations: readonly PatchOperation[]): PendingWrite {
    const write: PendingWrite = { ...writtenBy(operations), sentMs: this.#options.monotonicMs(), isAnswered: false };
    this.#pending.set(key, [...this.#pendingOf(key), write].slice(-MAX_PENDING));
    return write;
  }

  /** The watch may have shown the write before the reply arrived, with a status that differs from the written one. */
  #replied(key: string, write: PendingWrite, reply: KubeObject): void {
    write.isAnswered = true;
    if (reply["status"] === undefined) return;
    write.stored = statusOf(reply);
    const known = this.#overwritten.get(key);
    if (known !== undefined && write.fields === undefined && same(known.shown, write.stored))
      this.#overwritten.delete(key);
  }

  #withdraw(key: string, write: PendingWrite): void {
    this.#keepPending(
      key,
      this.#pendingOf(key).filter((one) => one !== write),
    );
  }

  #pendingOf(key: string): readonly PendingWrite[] {
    const nowMs = this.#options.monotonicMs();
    return (this.#pending.get(key) ?? []).filter(({ isAnswered, sentMs }) => isAnswered || nowMs - sentMs < PENDING_MS);
  }

  #keepPending(key: string, writes: readonly PendingWrite[]): void {
    if (writes.length === 0) this.#pending.delete(key);
    else this.#pending.set(key, writes);
  }

  #restorationsOf(key: string): number {
    const known = this.#restorations.get(key);
    return known === undefined || this.#options.monotonicMs() - known.lastMs >= FORGIVEN_AFTER_MS ? 0 : known.count;
  }
}

const STATUS = "/status";

/** What a patch of the controller writes: it tests, and replaces the status or fields of it. */
function writtenBy(operations: readonly PatchOperation[]): Pick<PendingWrite, "fields" | "whole"> {
  const written = operations.filter((operation) => operation.op !== "test" && "value" in operation);
  const values = written.map((operation) => [operation.path, (operation as { value: unknown }).value] as const);
  const whole = values.find(([path]) => path === STATUS);
  if (whole !== undefined) return { fields: undefined, whole: whole[1] as Status };
  return {
    fields: Object.fromEntries(values.map(([path, value]) => [path.slice(STATUS.length + 1), value])),
    whole: undefined,
  };
}

/** The status after a write of the controller. */
function resultOf({ fields, whole }: PendingWrite, before: Status): Status {
  return fields === undefined ? whole : ({ ...before, ...fields } as Status);
}

function resultsIn(write: PendingWrite, before: Status, after: Status): boolean {
  return same(resultOf(write, before), after) || (write.stored !== undefined && same(write.stored, after));
}

function same(one: Status, other: Status): boolean {
  return one === other || sameStatus(one, other ?? {});
}

function statusOf(object: KubeObject): Status {
  return object["status"] as Status;
}

function uidOf(object: KubeObject): string {
  return (object["metadata"] as ObjectMeta).uid;
}
