import type { Condition } from "../api/instance-profile.ts";
import { messageText } from "../text/message.ts";

/** A condition before it has a time and a generation. */
export interface ConditionDraft extends Pick<Condition, "type" | "status" | "reason" | "message"> {
  /** The generation that it is about, when that is not the present one. */
  readonly observedGeneration?: number;
}

/** The API server refuses longer messages: https://pkg.go.dev/k8s.io/apimachinery/pkg/apis/meta/v1#Condition */
const MAX_MESSAGE_CHARS = 32_768;

/** The draft with a message that the API server takes and gives back as it was, and that is safe to show on a terminal. */
export function fitted(draft: ConditionDraft): ConditionDraft {
  return { ...draft, message: messageText(draft.message, MAX_MESSAGE_CHARS) };
}

/**
 * The conditions of a status: the drafts in their order, each with the transition time of its predecessor when its status
 * is the same. A type that has no draft is gone: `Reconciling` and `Stalled` are there only while true (kstatus).
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

/** All is as asked for. */
export function ready(reason: string, message: string): ConditionDraft {
  return { type: "Ready", status: "True", reason, message };
}

/** Not as asked for, or not known to be. */
export function notReady(reason: string, message: string): ConditionDraft {
  return { type: "Ready", status: "False", reason, message };
}

/** The controller is at it and will come back by itself. */
export function reconciling(reason: string, message: string): ConditionDraft {
  return { type: "Reconciling", status: "True", reason, message };
}

/** Trying again cannot help; a person has to change something. */
export function stalled(reason: string, message: string): ConditionDraft {
  return { type: "Stalled", status: "True", reason, message };
}

/** The condition of that type, if there. */
export function findCondition(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}
