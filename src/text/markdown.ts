/** The text as Markdown that shows it literally: without HTML, Markdown, and the links and mentions that code hosts create from plain text. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/[!-+:-@[-`{-~]/g, (character) => `&#${character.charCodeAt(0)};`)
    .replace(/\bwww\./gi, (match) => match.replace(".", "&#46;"));
}

/** The lines as a fenced block. The fence is longer than any run of backticks in them, because user text could close it. */
export function fenced(lines: readonly string[], language: string): readonly string[] {
  const fence = "`".repeat(Math.max(3, longestBacktickRun(lines.join("\n")) + 1));
  return [`${fence}${language}`, ...lines, fence];
}

/** The line as a code span, in which Markdown has no meaning and code hosts create no links and mentions. */
export function codeSpan(line: string): string {
  const delimiter = "`".repeat(longestBacktickRun(line) + 1);
  const isPadded = line.startsWith("`") || line.endsWith("`");
  return isPadded ? `${delimiter} ${line} ${delimiter}` : `${delimiter}${line}${delimiter}`;
}

function longestBacktickRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
}
