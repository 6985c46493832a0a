import { byteLength, firstBytes, messageText, printable } from "../text/safe-text.ts";

/** The maximum number of lines of a list in status; the last one counts the rest. */
const MAX_STATUS_LINES = 20;

/** The list as status shows it; undefined when it is empty. */
export function bounded(lines: readonly string[]): readonly string[] | undefined {
  if (lines.length === 0) return undefined;
  if (lines.length <= MAX_STATUS_LINES) return lines.map(printable);
  const shown = lines.slice(0, MAX_STATUS_LINES - 1).map(printable);
  return [...shown, `… and ${lines.length - MAX_STATUS_LINES + 1} more`];
}

/** Where the full text of a truncated note is. */
const WHOLE_IN = {
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
