import type { Urgency as RequestUrgency } from "../engine/ports.ts";
import type { Requeue as RuntimeRequeue } from "../runtime/queue/workers.ts";
import type { Requeue } from "../status/requeue.ts";

/**
 * Why an object is reconciled, which decides its priority:
 * - `narrowing`: a user removed access from the spec, and added none.
 * - `change`: a user changed or deleted the object, or its instances changed in EC2.
 * - `drift`: another client changed the object's entities in AWS, as an event reports.
 * - `initialList`: the object had a pending change when this process started to reconcile.
 * - `creation`: nothing of the object is in AWS yet.
 * - `initialCreation`: the same, since before this process started to reconcile.
 * - `class`: the class of the object changed.
 * - `scan`: a scan of IAM found a difference.
 * - `resync`: the periodic reconcile of an unchanged object, or the retry of a blocked one.
 */
export type Urgency =
  | "narrowing"
  | "change"
  | "drift"
  | "initialList"
  | "creation"
  | "initialCreation"
  | "class"
  | "scan"
  | "resync";

/** The consequences of an urgency. */
interface UrgencyRow {
  /** The queue priority: higher first. Each urgency has its own, so that {@link urgencyOf} can map it back. */
  readonly priority: number;
  /** The priority of its requests to AWS. */
  readonly requests: RequestUrgency;
}

const URGENCIES: Readonly<Record<Urgency, UrgencyRow>> = {
  narrowing: { priority: 50, requests: "narrowing" },
  change: { priority: 0, requests: "change" },
  drift: { priority: -40, requests: "bulk" },
  initialList: { priority: -50, requests: "bulk" },
  creation: { priority: -60, requests: "bulk" },
  initialCreation: { priority: -65, requests: "bulk" },
  class: { priority: -70, requests: "routine" },
  scan: { priority: -75, requests: "routine" },
  resync: { priority: -100, requests: "routine" },
};

/** Keys of this or a higher priority do not wait until a worker has finished a less urgent one. */
export const URGENT_FROM: number = URGENCIES.change.priority;

/** The queue priority of an urgency. */
export function priorityOf(urgency: Urgency): number {
  return URGENCIES[urgency].priority;
}

/** The urgency of a key that the queue returned with this priority. */
export function urgencyOf(priority: number): Urgency {
  const found = (Object.keys(URGENCIES) as Urgency[]).find((urgency) => priorityOf(urgency) === priority);
  return found ?? "change";
}

/** The priority of the requests to AWS of a reconcile with this urgency. */
export function requestUrgencyOf(urgency: Urgency): RequestUrgency {
  return URGENCIES[urgency].requests;
}

/** True when a user waits for the reconcile. */
export function isUserWaiting(urgency: Urgency): boolean {
  return urgency !== "drift" && requestUrgencyOf(urgency) !== "routine";
}

/** True when an account scan can take the place of the reconcile. */
export function isPeriodic(urgency: Urgency): boolean {
  return urgency === "scan" || urgency === "resync";
}

/** The requeue in the form that the workers expect. */
export function queueRequeue(requeue: Requeue): RuntimeRequeue {
  if (requeue.kind !== "after") return requeue;
  const { kind, delayMs, urgency } = requeue;
  return urgency === undefined ? { kind, delayMs } : { kind, delayMs, priority: priorityOf(urgency) };
}
