import { dispositionOf } from "../../errors.ts";
import type { DesiredState } from "../../model/desired-state.ts";
import type { ObservedState } from "../../model/observed-state.ts";
import { type ActionOutcome, type IamAction, isInstanceAction } from "../../plan/action.ts";
import { isCreation } from "../../plan/proof.ts";
import { applyAction } from "../../plan/simulate.ts";
import type { ExecutionReport } from "../execute/execute.ts";
import {
  deletesEntity,
  idOf,
  isSameId,
  isSeen,
  keyOf,
  keysOf,
  type SingleWrite,
  singleWrites,
  type WrittenValue,
  writtenValue,
} from "./written-value.ts";

/** Observed state with the controller's own recent writes laid over it. */
export interface OverlaidState {
  readonly state: ObservedState;
  /** Monotonic ms of the overlay. */
  readonly atMs: number;
  /** How long until the last recent write must be visible; 0 without recent writes. */
  readonly visibleInMs: number;
  /** Until when the reads may lag, in monotonic ms; undefined when they show all recent writes. */
  readonly lagsUntilMs: number | undefined;
  /**
   * True when a recent create may have succeeded although its reply was lost, so that its absence is not proved yet.
   */
  readonly hasUnconfirmedCreate: boolean;
}

/** The default propagation window: how long IAM may take to show a write everywhere. */
export const DEFAULT_PROPAGATION_WINDOW_MS = 120_000;

interface Remembered {
  readonly atMs: number;
  /** Undefined for a create whose reply was lost. */
  readonly write: SingleWrite | undefined;
  /** The unique id of the role or profile that was written; another one of the same name has another id. */
  readonly entityId: string;
  /** A create of the entity may become visible later than the reads show. */
  readonly isUnconfirmed: boolean;
}

/**
 * A cache of the controller's own recent writes, so that a read that lags behind them causes no second write.
 *
 * IAM is eventually consistent: a read right after a write may show the state before it, for a role, a policy or a
 * profile alone (https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html). Within the window, a
 * write is laid over a read that shows a value that the controller's own writes have replaced or written. Any other
 * value is a change by another client: it is observed as it is. So is an entity, by its unique id, that another client
 * has created in place of the written one. After the window, reads count as they are. Kept in memory only: after a
 * restart reads count at once, which is safe because IAM refuses a repeated create (EntityAlreadyExists).
 */
export class RecentWrites {
  /** The reads that contradict the writes. */
  readonly contradictions: Contradictions = new Contradictions();
  readonly #windowMs: number;
  readonly #monotonicMs: () => number;
  /** By entity, the most recently written last. */
  readonly #writes = new Map<string, readonly Remembered[]>();

  constructor(options: { readonly windowMs: number; readonly monotonicMs: () => number }) {
    this.#windowMs = options.windowMs;
    this.#monotonicMs = options.monotonicMs;
  }

  /** The number of roles and profiles with recent writes. */
  get size(): number {
    return this.#writes.size;
  }

  /** Records the writes of one reconcile, which started from the state `before`. */
  record(before: ObservedState, { applied, failed }: ExecutionReport): void {
    const atMs = this.#monotonicMs();
    let state = before;
    for (const { action, outcome } of applied) {
      if (isInstanceAction(action)) continue;
      for (const single of singleWrites(action)) state = this.#remember(state, single, outcome, atMs);
    }
    // A failed delete leaves nothing behind unnoticed, and a write that IAM refused had no effect.
    if (failed !== undefined && isCreation(failed.action) && dispositionOf(failed.error) === "retryable")
      this.#add(failed.action, { atMs, write: undefined, entityId: "", isUnconfirmed: true });
    this.#evictExpired();
  }

  /** The observed state with the recent writes laid over it. */
  overlay(desired: DesiredState, observed: ObservedState): OverlaidState {
    const recent = keysOf(desired, observed).flatMap((key) => this.#recent(key));
    const state = recent.reduce((overlaid, write) => replay(overlaid, write, recent), observed);
    const unseen = recent.filter(({ write }) => write !== undefined && !isSeen(write, observed, state));
    const atMs = this.#monotonicMs();
    const visibleAtMs = this.#endOf(recent);
    return {
      state,
      atMs,
      visibleInMs: visibleAtMs === undefined ? 0 : visibleAtMs - atMs,
      lagsUntilMs: this.#endOf(unseen),
      hasUnconfirmedCreate: recent.some(({ isUnconfirmed }) => isUnconfirmed),
    };
  }

  /**
   * Forgets the writes of values that another client has replaced since: reads of these count as they are. Creations and deletions stay,
   * because only the end of the window proves that an entity is gone.
   *
   * @param entity see {@link roleKey} and {@link profileKey}
   * @param atMs when the values were replaced, in monotonic ms
   */
  supersede(entity: string, values: readonly string[], atMs: number): void {
    const known = this.#writes.get(entity);
    if (known === undefined || values.length === 0) return;
    const left = known.filter(({ write, atMs: writtenMs }) => {
      return write === undefined || writtenMs >= atMs || !values.includes(write.value.name);
    });
    this.#writes.set(entity, left);
  }

  /** When the last of the writes must be visible. */
  #endOf(writes: readonly Remembered[]): number | undefined {
    return writes.length === 0 ? undefined : Math.max(...writes.map(({ atMs }) => atMs)) + this.#windowMs;
  }

  /** Adds a single write to the state, and returns the state after it. */
  #remember(
    state: ObservedState,
    action: IamAction,
    { created, wasAbsent = false }: ActionOutcome,
    atMs: number,
  ): ObservedState {
    const after = applyAction(state, action, created);
    const value = writtenValue(action);
    const addedAtMs = wasAbsent ? this.#lastWriteMs(action, value) : undefined;
    this.#add(action, {
      atMs: addedAtMs ?? atMs,
      write: { action, created, value, values: [value.in(state), value.in(after)] },
      entityId: idOf(action, state) || idOf(action, after),
      isUnconfirmed: addedAtMs !== undefined && deletesEntity(action),
    });
    return after;
  }

  /**
   * When the controller last wrote what IAM then did not find to remove: the write may not have propagated yet, or
   * another client has removed it. Only the end of that write's window tells.
   */
  #lastWriteMs(action: IamAction, { name }: WrittenValue): number | undefined {
    const isSame = ({ write }: Remembered): boolean =>
      write === undefined ? deletesEntity(action) : write.value.name === name && write.action.kind !== action.kind;
    return this.#recent(keyOf(action)).findLast(isSame)?.atMs;
  }

  #add(action: IamAction, remembered: Remembered): void {
    const key = keyOf(action);
    const recent = this.#recent(key);
    this.#writes.delete(key);
    this.#writes.set(key, [...recent, remembered]);
  }

  #recent(key: string): readonly Remembered[] {
    return (this.#writes.get(key) ?? []).filter(({ atMs }) => this.#isRecent(atMs));
  }

  #isRecent(atMs: number): boolean {
    return atMs > this.#monotonicMs() - this.#windowMs;
  }

  /** Evicts the entities without recent writes: their objects may never be reconciled again. */
  #evictExpired(): void {
    this.contradictions.evictBefore(this.#monotonicMs() - 2 * this.#windowMs);
    for (const [key, remembered] of this.#writes) {
      const last = remembered.at(-1);
      if (last !== undefined && this.#isRecent(last.atMs)) return;
      this.#writes.delete(key);
    }
  }
}

/** The state after the write, unless another client has changed what it wrote. */
function replay(state: ObservedState, { write, entityId }: Remembered, recent: readonly Remembered[]): ObservedState {
  if (write === undefined) return state;
  const { action, value, created } = write;
  const there = idOf(action, state);
  if (!isSameId(there, entityId)) return state;
  const now = value.in(state);
  const isOwn =
    now === undefined ||
    recent.some(
      (other) =>
        other.write?.value.name === value.name &&
        isSameId(other.entityId, entityId) &&
        other.write.values.includes(now),
    );
  return isOwn ? applyAction(state, action, created) : state;
}

/** A read that contradicts recent writes. */
interface Contradiction {
  /** The uid of the object that was observed. */
  readonly uid: string;
  /** What the read shows; equal texts for equal states. */
  readonly shown: string;
  /** Monotonic ms of the read. */
  readonly atMs: number;
  /** The end of the propagation window, in monotonic ms. */
  readonly lagsUntilMs: number;
  /** A user has requested a reconcile, which shortens the window. */
  readonly isRequested: boolean;
}

interface Series {
  readonly shown: string;
  readonly sinceMs: number;
  readonly reads: number;
}

/** How many reads must agree, and for how long, so that a requested reconcile believes them. */
const MIN_READS = 3;
const MIN_AGREEMENT_MS = 15_000;

/** The objects whose reads contradict recent writes, with how often in a row they have shown the same. */
class Contradictions {
  readonly #series = new Map<string, Series>();

  /** Records the read, and returns the monotonic ms until which it is taken for propagation delay. */
  record({ uid, shown, atMs, lagsUntilMs, isRequested }: Contradiction): number {
    const known = this.#series.get(uid);
    const series = known?.shown === shown ? { ...known, reads: known.reads + 1 } : { shown, sinceMs: atMs, reads: 1 };
    this.#series.set(uid, series);
    if (!isRequested) return lagsUntilMs;
    const agreeAtMs = series.sinceMs + MIN_AGREEMENT_MS;
    const nextMs = series.reads < MIN_READS ? atMs + MIN_AGREEMENT_MS / MIN_READS : agreeAtMs;
    return Math.min(lagsUntilMs, Math.max(agreeAtMs, nextMs));
  }

  /** Ends the series of an object whose reads agree with the writes, or that was written again. */
  end(uid: string): void {
    this.#series.delete(uid);
  }

  /** Removes the series that began before then: their objects may never be reconciled again. */
  evictBefore(sinceMs: number): void {
    for (const [uid, series] of this.#series) if (series.sinceMs < sinceMs) this.#series.delete(uid);
  }
}
