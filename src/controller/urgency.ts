import type { Requeue as RuntimeRequeue } from "../runtime/queue/workers.ts";
import type { Requeue } from "../status/requeue.ts";

/**
 * Why an object is reconciled, which decides its priority:
 * - `change`: a user changed the object, its retry or poll is due, or its instances changed in EC2.
 * - `initialList`: the object had a pending change when this process started to reconcile.
 * - `scan`: a scan of IAM found a difference.
 * - `resync`: the periodic reconcile of an unchanged object.
 */
export type Urgency = "change" | "initialList" | "scan" | "resync";

/** The queue priorities: higher first. Each urgency has its own, so that {@link urgencyOf} can map it back. */
const PRIORITIES: Readonly<Record<Urgency, number>> = { change: 0, initialList: -50, scan: -75, resync: -100 };

/** The queue priority of an urgency. */
export function priorityOf(urgency: Urgency): number {
  return PRIORITIES[urgency];
}

/** The urgency of a key that the queue returned with this priority. */
export function urgencyOf(priority: number): Urgency {
  const found = (Object.keys(PRIORITIES) as Urgency[]).find((urgency) => PRIORITIES[urgency] === priority);
  return found ?? "change";
}

/** True when a user waits for the reconcile, so that its requests to AWS precede those of scans and resyncs. */
export function isUserWaiting(urgency: Urgency): boolean {
  return urgency === "change" || urgency === "initialList";
}

/** The requeue in the form that the workers expect. */
export function queueRequeue(requeue: Requeue): RuntimeRequeue {
  if (requeue.kind !== "after") return requeue;
  const { kind, delayMs, urgency } = requeue;
  return urgency === undefined ? { kind, delayMs } : { kind, delayMs, priority: priorityOf(urgency) };
}
