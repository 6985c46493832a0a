import { dispositionOf } from "../../errors.ts";
import type { DesiredState } from "../../model/desired-state.ts";
import { nameKey } from "../../model/naming.ts";
import type { ObservedState } from "../../model/observed-state.ts";
import type { Action, IamAction } from "../../plan/action.ts";
import { isInstanceAction } from "../../plan/instances/instance-action.ts";
import { applyAction } from "../../plan/simulate.ts";
import type { AppliedAction, ExecutionReport } from "../execute/execute.ts";

/** What a read shows, seen through our own recent writes. */
export interface OverlaidState {
  readonly state: ObservedState;
  /** How long until the last of our writes must be visible; 0 when there was none of late. */
  readonly visibleInMs: number;
  /** True when something may have been made of late without our hearing of it, so that its absence is not yet proved. */
  readonly mayHide: boolean;
}

/** How long IAM may take to show a write everywhere; reads that contradict our own writes count for nothing before. */
export const DEFAULT_PROPAGATION_WINDOW_MS = 120_000;

/** One write of ours, or one whose reply was lost. */
interface Remembered {
  readonly atMs: number;
  /** Undefined when it is not known whether the write took effect. */
  readonly write: AppliedAction | undefined;
  /** The role or profile that was written: another one of the same name was not. */
  readonly entityId: string;
}

/**
 * Remembers our own recent writes, so that a read that lags behind them causes no second write.
 *
 * IAM is eventually consistent: a read right after a write may show the state before it, for a role, a policy or a profile
 * alone (https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html). Within the window, observed states
 * are replayed through the writes made to the same entity (its unique id tells): what somebody else has put in its place is
 * seen as it is, with the owner tags that it has. After the window the reads are believed again. Kept in memory only: after a
 * restart reads are believed at once, and the ways IAM refuses a repeated write (EntityAlreadyExists) keep that safe.
 */
export class RecentWrites {
  readonly #windowMs: number;
  readonly #monotonicMs: () => number;
  /** By entity; the one that was written last comes last. */
  readonly #writes = new Map<string, readonly Remembered[]>();

  constructor(options: { readonly windowMs: number; readonly monotonicMs: () => number }) {
    this.#windowMs = options.windowMs;
    this.#monotonicMs = options.monotonicMs;
  }

  /** How many roles and profiles have writes remembered. */
  get size(): number {
    return this.#writes.size;
  }

  /** Remembers what a pass did to the state that it began with. */
  record(before: ObservedState, { applied, failed }: ExecutionReport): void {
    const atMs = this.#monotonicMs();
    let state = before;
    for (const write of applied) {
      if (isInstanceAction(write.action)) continue;
      const after = applyAction(state, write.action, write.outcome.created);
      const entityId = idOf(write.action, state) || idOf(write.action, after);
      const doubtfulSinceMs = this.#doubtfulSinceMs(write);
      if (doubtfulSinceMs === undefined) this.#add(write.action, { atMs, write, entityId });
      else this.#add(write.action, { atMs: doubtfulSinceMs, write: undefined, entityId });
      state = after;
    }
    // A failed removal hides nothing, and what failed for a reason that IAM gave was not done.
    if (
      failed?.action.kind.startsWith("Create") &&
      !isInstanceAction(failed.action) &&
      dispositionOf(failed.error) === "retryable"
    ) {
      this.#add(failed.action, { atMs, write: undefined, entityId: "" });
    }
    this.#scan();
  }

  /** The observed state with our recent writes replayed on it. */
  overlay(desired: DesiredState, observed: ObservedState): OverlaidState {
    const recent = keysOf(desired).flatMap((key) => this.#recent(key));
    const lastMs = Math.max(...recent.map(({ atMs }) => atMs));
    return {
      state: recent.reduce(replay, observed),
      visibleInMs: recent.length === 0 ? 0 : lastMs + this.#windowMs - this.#monotonicMs(),
      mayHide: recent.some(({ write }) => write === undefined),
    };
  }

  /** When we made what AWS then did not find to delete: it may only not show it everywhere yet. */
  #doubtfulSinceMs({ action, outcome }: AppliedAction): number | undefined {
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

  /** Forgets the entities that nothing was written to of late: nobody may ever ask for them again. */
  #scan(): void {
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

/** The unique id of what the action writes; empty when it is not there. */
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
