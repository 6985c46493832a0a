import { byteLength, firstBytes, messageText } from "../text/safe-text.ts";

/** Where the full text of a truncated note is. */
export const WHOLE_IN = {
  conditions: "status.conditions has all of it: kubectl describe",
  plan: "status.plan has more: kubectl describe",
  unmanagedPolicies: "status.unmanagedPolicies has more: kubectl describe",
  log: "the controller's log has all of it",
} as const;

/** The API server rejects longer notes: https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/events.go */
const MAX_NOTE_BYTES = 1_024;
/** More than the longest message of a condition. */
const MAX_TEXT_CHARS = 65_536;

/** The text as the note of an Event: safe to show, and truncated to what the API server accepts, with a pointer to the full text. */
export function noteText(text: string, wholeIn: keyof typeof WHOLE_IN): string {
  const note = messageText(text, MAX_TEXT_CHARS);
  if (byteLength(note) <= MAX_NOTE_BYTES) return note;
  const pointer = ` … (${note.length} characters; ${WHOLE_IN[wholeIn]})`;
  return firstBytes(note, MAX_NOTE_BYTES - byteLength(pointer)) + pointer;
}
