import type { Condition } from "../api/instance-profile.ts";
import { messageText } from "../text/safe-text.ts";

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
