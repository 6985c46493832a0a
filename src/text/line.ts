/** What a line of output is, for readers whose terminal shows colors. */
export type LineKind = "headline" | "added" | "changed" | "removed" | "new-access" | "error" | "warning";

/** A line of output with its kind. The text is plain: only the writer adds what a terminal interprets, after it has escaped the text. */
export interface KnownLine {
  readonly text: string;
  readonly kind: LineKind;
}

/** A line of output; a text alone is of no particular kind. */
export type OutputLine = string | KnownLine;

/** The text of a line, as it is without colors. */
export function plainLine(line: OutputLine): string {
  return typeof line === "string" ? line : line.text;
}
