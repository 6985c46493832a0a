const LONGEST_WORDS = 800;

/**
 * AWS's words without what differs from one attempt to the next: request ids, moments, and the session name behind an
 * assumed role (the SDK puts the time into it). One line, at most {@link LONGEST_WORDS} characters: a ValidationError
 * repeats the whole value that it refuses.
 */
export function stableWords(message: string): string {
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
  return words.length <= LONGEST_WORDS ? words : `${words.slice(0, LONGEST_WORDS - 1)}…`;
}
