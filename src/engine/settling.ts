import type { DesiredState } from "../model/desired-state.ts";
import type { ObservedState } from "../model/observed-state.ts";
import { applyAction } from "../plan/simulate.ts";
import type { AppliedAction } from "./execute.ts";

/** What a read shows, seen through our own recent writes. */
export interface SettledView {
  readonly state: ObservedState;
  /** How long until the last of our writes must be visible; 0 when there was none of late. */
  readonly settlesInMs: number;
}

/** How long IAM may take to show a write everywhere; reads that contradict our own writes count for nothing before. */
export const DEFAULT_SETTLE_WINDOW_MS = 120_000;

/**
 * Remembers our own recent writes, so that a read that lags behind them causes no second write.
 *
 * IAM is eventually consistent: a read right after a write may show the state before it, for a role, a policy or a profile
 * alone (https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html). Within the window, observed states
 * are replayed through the writes made; after it the reads are believed again. Kept in memory only: after a restart reads
 * are believed at once, and the ways IAM refuses a repeated write (EntityAlreadyExists) keep that safe.
 */
export class Settling {
  readonly #windowMs: number;
  readonly #monotonicMs: () => number;
  readonly #writes = new Map<string, { readonly atMs: number; readonly write: AppliedAction }[]>();

  constructor(options: { readonly windowMs: number; readonly monotonicMs: () => number }) {
    this.#windowMs = options.windowMs;
    this.#monotonicMs = options.monotonicMs;
  }

  /** Remembers writes made for a desire's role and profile. */
  record(desired: DesiredState, writes: readonly AppliedAction[]): void {
    if (writes.length === 0) return;
    const atMs = this.#monotonicMs();
    this.#writes.set(keyOf(desired), [...this.#recent(desired), ...writes.map((write) => ({ atMs, write }))]);
  }

  /** The observed state with our recent writes replayed on it. */
  view(desired: DesiredState, observed: ObservedState): SettledView {
    const recent = this.#recent(desired);
    const last = recent.at(-1);
    return {
      state: recent.reduce((state, { write }) => applyAction(state, write.action, write.outcome.created), observed),
      settlesInMs: last === undefined ? 0 : last.atMs + this.#windowMs - this.#monotonicMs(),
    };
  }

  #recent(desired: DesiredState): { readonly atMs: number; readonly write: AppliedAction }[] {
    const key = keyOf(desired);
    const from = this.#monotonicMs() - this.#windowMs;
    const recent = (this.#writes.get(key) ?? []).filter(({ atMs }) => atMs > from);
    if (recent.length === 0) this.#writes.delete(key);
    else this.#writes.set(key, recent);
    return recent;
  }
}

/** IAM compares names without case. */
function keyOf(desired: DesiredState): string {
  const names =
    desired.presence === "absent"
      ? [desired.roleName, desired.instanceProfileName]
      : [desired.role.roleName, desired.instanceProfile.instanceProfileName];
  return names.join("\n").toLowerCase();
}
