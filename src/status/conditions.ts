import type { Condition } from "../api/instance-profile.ts";
import { messageText } from "../text/safe-text.ts";
import type { ReportedObject } from "./outcome.ts";

/** A condition without transition time and generation. */
export interface ConditionDraft extends Pick<Condition, "type" | "status" | "reason" | "message"> {
  /** The generation that it is about; unset: the current one. */
  readonly observedGeneration?: number;
}

/** The API server rejects longer messages: https://pkg.go.dev/k8s.io/apimachinery/pkg/apis/meta/v1#Condition */
const MAX_MESSAGE_CHARS = 32_768;

/** The draft with a message that the API server accepts and returns unchanged, and that is safe to show on a terminal. */
export function fitted(draft: ConditionDraft): ConditionDraft {
  return { ...draft, message: messageText(draft.message, MAX_MESSAGE_CHARS) };
}

/**
 * Builds the conditions of a status from the drafts, in their order. A condition keeps its transition time while its status is the same. A
 * type without a draft is removed: `Reconciling` and `Stalled` are present only while true (kstatus).
 */
export function writeConditions(
  drafts: readonly ConditionDraft[],
  previous: readonly Condition[],
  observedGeneration: number,
  now: string,
): readonly Condition[] {
  return drafts.map((draft) => {
    const before = previous.find((condition) => condition.type === draft.type);
    return {
      type: draft.type,
      status: draft.status,
      reason: draft.reason,
      message: draft.message,
      lastTransitionTime: before?.status === draft.status ? before.lastTransitionTime : now,
      observedGeneration: draft.observedGeneration ?? observedGeneration,
    };
  });
}

/** `Ready` is true: AWS matches the spec. */
export function ready(reason: string, message: string): ConditionDraft {
  return { type: "Ready", status: "True", reason, message };
}

/** `Ready` is false: AWS does not match the spec, or is not known to. */
export function notReady(reason: string, message: string): ConditionDraft {
  return { type: "Ready", status: "False", reason, message };
}

/** The controller is working on the object and retries. */
export function reconciling(reason: string, message: string): ConditionDraft {
  return { type: "Reconciling", status: "True", reason, message };
}

/** Retrying does not help: the object needs manual intervention. */
export function stalled(reason: string, message: string): ConditionDraft {
  return { type: "Stalled", status: "True", reason, message };
}

/** The condition of that type, if present. */
export function findCondition(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

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
