const MAX_MESSAGE_CHARS = 800;

/**
 * Removes what differs between attempts from an AWS message: request ids, times, and the session name of an assumed role (into
 * which the SDK puts the time). Returns one line of at most {@link MAX_MESSAGE_CHARS} characters: a ValidationError repeats the
 * whole rejected value.
 */
export function normalizeMessage(message: string): string {
  const words = message
    .replace(/\s*Deserialization error: to see the raw response.*$/s, "")
    .replace(/(:assumed-role\/[\w+=,.@-]+)\/[\w+=,.@-]+/g, "$1")
    .replace(/\s*\(Service: [^)]*\)/g, "")
    .replace(/[,;(]?\s*Request[ -]?ID:?\s*[0-9a-f-]{16,}\)?/gi, "")
    .replace(/\s*Encoded authorization failure message: \S+/g, "")
    .replace(/\b\d{8}T\d{6}Z\b/g, "…")
    .replace(/\b\d{4}-\d\d-\d\dT[\d:.]+Z?/g, "…")
    .replace(/\s+/g, " ")
    .trim();
  return words.length <= MAX_MESSAGE_CHARS ? words : `${words.slice(0, MAX_MESSAGE_CHARS - 1)}…`;
}
