import type { Requeue as RuntimeRequeue } from "../runtime/queue/workers.ts";
import type { Requeue } from "../status/requeue.ts";

/**
 * Why an object is reconciled, and so who waits for it:
 * - `change`: a user changed the object, or its retry or poll is due.
 * - `initialList`: the object was there, and waited, when this process started to reconcile.
 * - `scan`: an account scan found a difference.
 * - `resync`: the object is in sync, and was not read for a while.
 */
export type Urgency = "change" | "initialList" | "scan" | "resync";

/** The queue orders keys by number: the higher, the sooner. Each urgency has its own, so that the number tells the urgency. */
const PRIORITIES: Readonly<Record<Urgency, number>> = { change: 0, initialList: -50, scan: -75, resync: -100 };

/** The queue's priority for a key of that urgency. */
export function priorityOf(urgency: Urgency): number {
  return PRIORITIES[urgency];
}

/** The urgency of a key that the queue has handed out with that priority. */
export function urgencyOf(priority: number): Urgency {
  const found = (Object.keys(PRIORITIES) as Urgency[]).find((urgency) => PRIORITIES[urgency] === priority);
  return found ?? "change";
}

/** False when no user waits for the reconcile: other work goes first, also at AWS. */
export function isUserWaiting(urgency: Urgency): boolean {
  return urgency === "change" || urgency === "initialList";
}

/** The requeue as the workers take it. */
export function queueRequeue(requeue: Requeue): RuntimeRequeue {
  if (requeue.kind !== "after") return requeue;
  const { kind, delayMs, urgency } = requeue;
  return urgency === undefined ? { kind, delayMs } : { kind, delayMs, priority: priorityOf(urgency) };
}
