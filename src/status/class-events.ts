import type { Condition } from "../api/instance-profile.ts";
import { PERMISSIONS_BOUNDARY_NOT_FOUND } from "../plan/plan.ts";
import { findCondition } from "./conditions.ts";
import { noteText } from "./note.ts";
import type { EventDraft } from "./outcome.ts";

/** Emits a Warning Event when `Ready` starts to report a missing boundary, or reports another one. */
export function classEvents(
  previous: readonly Condition[] | undefined,
  current: readonly Condition[] | undefined,
): readonly EventDraft[] {
  const before = findCondition(previous, "Ready");
  const now = findCondition(current, "Ready");
  if (now?.reason !== PERMISSIONS_BOUNDARY_NOT_FOUND) return [];
  if (before?.reason === now.reason && before.message === now.message) return [];
  return [{ type: "Warning", reason: now.reason, action: "VerifyBoundary", note: noteText(now.message, "conditions") }];
}
