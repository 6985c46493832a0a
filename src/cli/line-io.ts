import { type OutputLine, plainLine } from "../text/line.ts";
import { printableLine, redact } from "../text/safe-text.ts";
import { colored } from "./color.ts";
import type { CommandIo, ProcessIo } from "./io.ts";

/** Moves the cursor to the start of the line and erases the line. */
const ERASE_LINE = "\r\u001b[2K";

/**
 * Creates the output of a command. Lines contain names and values from manifests, AWS and kubeconfigs, so they are escaped
 * and redacted here and not where they are composed. Colors come last, so that only they are escape sequences.
 */
export function lineIo(process: ProcessIo): CommandIo {
  let progress = "";
  const showProgress = (line: string): void => {
    const next = printableLine(line);
    if (next === progress) return;
    progress = next;
    process.err(`${ERASE_LINE}${next}`);
  };
  return {
    ...process,
    out: (lines, hasColor = false) => {
      showProgress("");
      process.out(
        textOf([lines].flat().map((line) => (hasColor ? coloredLine(line) : printableLine(plainLine(line))))),
      );
    },
    err: (lines) => {
      showProgress("");
      process.err(textOf([lines].flat().map((line) => printableLine(redact(plainLine(line))))));
    },
    showProgress,
  };
}

function coloredLine(line: OutputLine): string {
  const text = printableLine(plainLine(line));
  return typeof line === "string" ? text : colored(text, line.kind);
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}
