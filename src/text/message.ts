import { printable } from "./printable.ts";
import { redact } from "./redact.ts";

/**
 * The text as a message that is safe in a status, an Event, a log or on a terminal: one line without control characters or credentials of
 * URLs, at most `maxChars` long.
 */
export function messageText(text: string, maxChars: number): string {
  const redacted = redact(text);
  const message = printable(redacted.slice(0, maxChars));
  if (redacted.length <= maxChars && message.length <= maxChars) return message;
  return `${message.slice(0, maxChars - 1).toWellFormed()}…`;
}
