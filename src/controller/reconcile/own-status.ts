import type { InstanceProfileStatus, ObjectMeta } from "../../api/instance-profile.ts";
import type { KubeObject, ObjectClient, PatchOperation } from "../../engine/ports.ts";
import { dispositionOf } from "../../errors.ts";
import { type BackoffPolicy, backoffDelayMs } from "../../runtime/queue/backoff.ts";
import { sameStatus } from "../../status/summarize.ts";
import type { Logger } from "../../telemetry.ts";
import { keyText, logFieldsOf } from "../object-key.ts";

type Status = InstanceProfileStatus | undefined;

/** A status write that the watch has not shown yet. */
interface PendingWrite {
  /** True when the controller's write of this status over the other one results in the third. */
  readonly resultsIn: (before: Status, after: Status) => boolean;
  readonly sentMs: number;
}

/** A status that another client has overwritten. */
interface Overwritten {
  readonly uid: string;
  /** The last status that the controller wrote, or that was there when it started. */
  readonly own: Status;
  /** The status of the other client. */
  readonly shown: Status;
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

/** How long a write that the watch does not show is waited for. */
const PENDING_MS = 60_000;
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
        const withdraw = this.#expect(keyText(key), operations);
        try {
          return await client.patchStatus(key, operations, signal);
        } catch (error) {
          // If the reply was lost, the write may have succeeded.
          if (dispositionOf(error) !== "retryable") withdraw();
          throw error;
        }
      },
    };
  }

  /** The watch shows another version of an object, whose status this or another client may have changed. */
  changed(key: string, before: KubeObject, after: KubeObject): void {
    const [old, shown] = [statusOf(before), statusOf(after)];
    if (same(old, shown)) return;
    const pending = this.#pending.get(key) ?? [];
    const index = pending.findIndex(({ resultsIn }) => resultsIn(old, shown));
    const known = this.#overwritten.get(key);
    if (known === undefined && index === -1 && this.#options.monotonicMs() < this.#believesUntilMs) return;
    if (index !== -1) {
      this.#keepPending(key, pending.slice(index + 1));
      if (this.#overwritten.delete(key)) this.#countRestoration(key);
      return;
    }
    if (known === undefined)
      this.#options.logger.warn("another client changed the status; the controller restores it", logFieldsOf(key));
    const own = known === undefined ? old : known.own;
    this.#overwritten.set(key, { uid: uidOf(after), own, shown });
    const delayMs = backoffDelayMs(RESTORE_POLICY, this.#restorationsOf(key), this.#options.random);
    this.#options.restoreAfter(key, delayMs);
  }

  /** The object with the controller's own status in place of another client's. */
  withOwn(key: string, raw: KubeObject): KubeObject {
    const known = this.#overwritten.get(key);
    if (known === undefined || known.uid !== uidOf(raw) || !same(known.shown, statusOf(raw))) return raw;
    const { status: _, ...rest } = raw;
    return known.own === undefined ? rest : { ...rest, status: known.own };
  }

  /** Removes the state of a deleted object. */
  forget(key: string): void {
    this.#pending.delete(key);
    this.#overwritten.delete(key);
    this.#restorations.delete(key);
  }

  #expect(key: string, operations: readonly PatchOperation[]): () => void {
    const nowMs = this.#options.monotonicMs();
    const write: PendingWrite = { resultsIn: resultOf(operations), sentMs: nowMs };
    const recent = (this.#pending.get(key) ?? []).filter(({ sentMs }) => nowMs - sentMs < PENDING_MS);
    this.#pending.set(key, [...recent, write]);
    return () =>
      this.#keepPending(
        key,
        (this.#pending.get(key) ?? []).filter((one) => one !== write),
      );
  }

  #keepPending(key: string, writes: readonly PendingWrite[]): void {
    if (writes.length === 0) this.#pending.delete(key);
    else this.#pending.set(key, writes);
  }

  #restorationsOf(key: string): number {
    const known = this.#restorations.get(key);
    return known === undefined || this.#options.monotonicMs() - known.lastMs >= FORGIVEN_AFTER_MS ? 0 : known.count;
  }

  #countRestoration(key: string): void {
    this.#restorations.set(key, { count: this.#restorationsOf(key) + 1, lastMs: this.#options.monotonicMs() });
  }
}

interface Value {
  readonly value: unknown;
}

/** The effect of a patch, which has one operation besides its tests: it replaces the whole status, or one field of it. */
function resultOf(operations: readonly PatchOperation[]): PendingWrite["resultsIn"] {
  const { path = "", value } = (operations.find(({ op }) => op !== "test") ?? {}) as Partial<PatchOperation & Value>;
  return (before, after) => {
    const result = path === "/status" ? value : { ...before, [path.slice("/status/".length)]: value };
    return same(result as Status, after);
  };
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
