import { dispositionOf } from "../../errors.ts";
import type { DesiredState } from "../../model/desired-state.ts";
import { nameKey } from "../../model/naming.ts";
import type { ObservedState } from "../../model/observed-state.ts";
import type { Action, IamAction } from "../../plan/action.ts";
import { isInstanceAction } from "../../plan/instances/instance-action.ts";
import { applyAction } from "../../plan/simulate.ts";
import type { AppliedAction, ExecutionReport } from "../execute/execute.ts";

/** Observed state with the controller's own recent writes laid over it. */
export interface OverlaidState {
  readonly state: ObservedState;
  /** How long until the last recent write must be visible; 0 without recent writes. */
  readonly visibleInMs: number;
  /**
   * True when a recent create may have succeeded although its reply was lost, so that its absence is not proved yet.
   */
  readonly hasUnconfirmedCreate: boolean;
}

/**
 * The default propagation window: how long IAM may take to show a write everywhere. Within it, own writes override
 * reads.
 */
export const DEFAULT_PROPAGATION_WINDOW_MS = 120_000;

/** One write of the controller, also one whose reply was lost. */
interface Remembered {
  readonly atMs: number;
  /** Undefined when it is unknown whether the write took effect. */
  readonly write: AppliedAction | undefined;
  /** The unique id of the role or profile that was written; another one of the same name has another id. */
  readonly entityId: string;
}

/**
 * A cache of the controller's own recent writes, so that a read that lags behind them causes no second write.
 *
 * IAM is eventually consistent: a read right after a write may show the state before it, for a role, a policy or a
 * profile alone (https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html). Within the window,
 * observed states are replayed through the writes to the same entity (by its unique id): an entity that another client
 * has created in its place is observed as it is, with its own tags. After the window, reads count as they are. Kept in
 * memory only: after a restart reads count at once, which is safe because IAM refuses a repeated create
 * (EntityAlreadyExists).
 */
export class RecentWrites {
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
    for (const write of applied) {
      if (isInstanceAction(write.action)) continue;
      const after = applyAction(state, write.action, write.outcome.created);
      const entityId = idOf(write.action, state) || idOf(write.action, after);
      const uncertainSinceMs = this.#uncertainSinceMs(write);
      if (uncertainSinceMs === undefined) this.#add(write.action, { atMs, write, entityId });
      else this.#add(write.action, { atMs: uncertainSinceMs, write: undefined, entityId });
      state = after;
    }
    // A failed delete leaves nothing behind unnoticed, and a write that IAM refused had no effect.
    if (
      failed?.action.kind.startsWith("Create") &&
      !isInstanceAction(failed.action) &&
      dispositionOf(failed.error) === "retryable"
    ) {
      this.#add(failed.action, { atMs, write: undefined, entityId: "" });
    }
    this.#evictExpired();
  }

  /** The observed state with the recent writes laid over it. */
  overlay(desired: DesiredState, observed: ObservedState): OverlaidState {
    const recent = keysOf(desired).flatMap((key) => this.#recent(key));
    const lastMs = Math.max(...recent.map(({ atMs }) => atMs));
    return {
      state: recent.reduce(replay, observed),
      visibleInMs: recent.length === 0 ? 0 : lastMs + this.#windowMs - this.#monotonicMs(),
      hasUnconfirmedCreate: recent.some(({ write }) => write === undefined),
    };
  }

  /** When the controller created an entity that AWS then did not find to delete: it may not have propagated yet. */
  #uncertainSinceMs({ action, outcome }: AppliedAction): number | undefined {
    const deletes = action.kind === "DeleteRole" || action.kind === "DeleteInstanceProfile";
    if (!deletes || outcome.wasAbsent !== true) return undefined;
    return this.#recent(keyOf(action)).findLast(({ write }) => isCreation(write))?.atMs;
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
    for (const [key, remembered] of this.#writes) {
      const last = remembered.at(-1);
      if (last !== undefined && this.#isRecent(last.atMs)) return;
      this.#writes.delete(key);
    }
  }
}

function isCreation(write: AppliedAction | undefined): boolean {
  return write === undefined || write.action.kind === "CreateRole" || write.action.kind === "CreateInstanceProfile";
}

function replay(state: ObservedState, { write, entityId }: Remembered): ObservedState {
  if (write === undefined) return state;
  const there = idOf(write.action, state);
  const isAnother = there !== "" && entityId !== "" && there !== entityId;
  return isAnother ? state : applyAction(state, write.action, write.outcome.created);
}

/** The unique id of the entity that the action writes; empty when it does not exist. */
function idOf(action: Action, { role, instanceProfile }: ObservedState): string {
  if ("instanceProfileName" in action) return instanceProfile.presence === "absent" ? "" : instanceProfile.id;
  return role.presence === "absent" ? "" : role.roleId;
}

function keyOf(action: IamAction): string {
  return "instanceProfileName" in action ? profileKey(action.instanceProfileName) : roleKey(action.roleName);
}

function keysOf(desired: DesiredState): readonly string[] {
  return desired.presence === "absent"
    ? [roleKey(desired.roleName), profileKey(desired.instanceProfileName)]
    : [roleKey(desired.role.roleName), profileKey(desired.instanceProfile.instanceProfileName)];
}

function roleKey(name: string): string {
  return `role ${nameKey(name)}`;
}

function profileKey(name: string): string {
  return `instance profile ${nameKey(name)}`;
}
