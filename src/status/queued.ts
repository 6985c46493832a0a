import type { Condition } from "../api/instance-profile.ts";
import { findCondition, reconciling, writeConditions } from "./conditions.ts";
import type { ReportedObject } from "./outcome.ts";

/** The reason of the conditions of an object that waits for its reconcile. */
const QUEUED = "Queued";

/** True when the object's status says that it waits. */
export function isReportedQueued({ status }: Pick<ReportedObject, "status">): boolean {
  return findCondition(status?.conditions, "Reconciling")?.reason === QUEUED;
}

/**
 * The conditions of an object that waits for its reconcile: the last ones and `Reconciling`. `Ready` is `Unknown` until
 * the first reconcile. `Stalled` goes, because a change of the object may have resolved it.
 *
 * @param waiting how many objects wait, this one included; undefined: a worker has the object, and its requests wait
 */
export function queuedConditions(
  object: ReportedObject,
  waiting: number | undefined,
  now: string,
): readonly Condition[] {
  const { metadata, status } = object;
  const last = (status?.conditions ?? []).filter(({ type }) => type !== "Stalled" && type !== "Reconciling");
  const message =
    waiting === undefined
      ? "the controller reconciles the object, and its requests wait: the requests to AWS per second are limited, or AWS is slow to reply."
      : `the object waits in the queue of the controller, where ${waiting} ${waiting === 1 ? "object waits" : "objects wait"}: the requests ` +
        "to AWS per second are limited. The controller reconciles it when its turn comes.";
  const ready = { type: "Ready", status: "Unknown", reason: QUEUED, message } as const;
  const drafts = [...(findCondition(last, "Ready") === undefined ? [ready] : []), reconciling(QUEUED, message)];
  const observed = status?.observedGeneration ?? -1;
  const generation = observed < 0 ? metadata.generation : observed;
  const queued = writeConditions(drafts, status?.conditions ?? [], generation, now);
  return [...last.slice(0, 1), ...queued, ...last.slice(1)];
}
