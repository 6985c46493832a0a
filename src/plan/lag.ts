import type { Action } from "./action.ts";
import type { Plan } from "./plan.ts";

/** What AWS shows of the state before recent writes, while the controller takes this for propagation delay. */
export interface Lag {
  /** The writes that AWS does not show. Empty when the difference is not one of writes. */
  readonly unseen: readonly Action[];
  /** Monotonic ms; from then on the reads count. */
  readonly untilMs: number;
}

/**
 * The difference that a lag makes to a plan.
 *
 * @param plan the plan from the observed state with the recent writes laid over it
 * @param asRead the plan from the observed state as it was read
 * @returns undefined when the two plans are the same
 */
export function unseenBetween(plan: Plan, asRead: Plan): readonly Action[] | undefined {
  if (JSON.stringify(plan) === JSON.stringify(asRead)) return undefined;
  const planned = new Set(plan.actions.map((action) => JSON.stringify(action)));
  return asRead.actions.filter((action) => !planned.has(JSON.stringify(action)));
}
