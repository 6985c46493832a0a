import { dispositionOf } from "../../errors.ts";
import { type DesiredState, ownPolicyArnsOf, profileNameOf, roleNameOf } from "../../model/desired-state.ts";
import { nameKey } from "../../model/naming.ts";
import type { ObservedState } from "../../model/observed-state.ts";
import { type ActionOutcome, type CreatedEntity, type IamAction, isInstanceAction } from "../../plan/action.ts";
import { ofPolicy } from "../../plan/proof.ts";
import { applyAction } from "../../plan/simulate.ts";
import type { ExecutionReport } from "../execute/execute.ts";
import { Contradictions } from "./contradictions.ts";
import { singleWrites, type WrittenValue, writtenValue } from "./written-value.ts";

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

/** A write of the controller that replaced one value. */
interface SingleWrite {
  readonly action: IamAction;
  readonly created: CreatedEntity | undefined;
  readonly value: WrittenValue;
  /** The value before and after the write, as far as it was known. */
  readonly values: readonly (string | undefined)[];
}

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
    if (
      failed?.action.kind.startsWith("Create") &&
      failed.action.kind !== "CreatePolicyVersion" &&
      !isInstanceAction(failed.action) &&
      dispositionOf(failed.error) === "retryable"
    ) {
      this.#add(failed.action, { atMs, write: undefined, entityId: "", isUnconfirmed: true });
    }
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

/** True when the action deletes the whole role, instance profile or managed policy. */
function deletesEntity({ kind }: IamAction): boolean {
  return kind === "DeleteRole" || kind === "DeleteInstanceProfile" || kind === "DeletePolicy";
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

/** True when the ids may be of the same entity: an empty id is unknown. */
function isSameId(one: string, other: string): boolean {
  return one === "" || other === "" || one === other;
}

/** True when the read shows the same value as the state with the recent writes laid over it. */
function isSeen({ value }: SingleWrite, observed: ObservedState, overlaid: ObservedState): boolean {
  const [read, expected] = [value.in(observed), value.in(overlaid)];
  return read === undefined || expected === undefined || read === expected;
}

/** The unique id of the entity that the action writes; empty when it does not exist. */
function idOf(action: IamAction, { role, instanceProfile, managedPolicies = [] }: ObservedState): string {
  if ("ownPolicyArn" in action) return managedPolicies.find(({ arn }) => arn === action.ownPolicyArn)?.policyId ?? "";
  if ("instanceProfileName" in action) return instanceProfile.presence === "absent" ? "" : instanceProfile.id;
  return role.presence === "absent" ? "" : role.roleId;
}

function keyOf(action: IamAction): string {
  if ("ownPolicyArn" in action) return ofPolicy(action.ownPolicyArn);
  return "instanceProfileName" in action ? profileKey(action.instanceProfileName) : roleKey(action.roleName);
}

function keysOf(desired: DesiredState, observed: ObservedState): readonly string[] {
  const observedArns = (observed.managedPolicies ?? []).map(({ arn }) => arn);
  const policies = [...new Set([...ownPolicyArnsOf(desired), ...observedArns])].map(ofPolicy);
  return [roleKey(roleNameOf(desired)), profileKey(profileNameOf(desired)), ...policies];
}

/** A role, whatever the case of its name. */
export function roleKey(name: string): string {
  return `role ${nameKey(name)}`;
}

/** An instance profile, whatever the case of its name. */
export function profileKey(name: string): string {
  return `instance profile ${nameKey(name)}`;
}
