import { styleText } from "node:util";
import { type LineKind, type OutputLine, plainLine } from "../text/line.ts";
import { printableLine, redact } from "../text/safe-text.ts";
import { type CommandIo, type ProcessIo, UsageError } from "./io.ts";
import type { GivenOptions, OptionSpecs } from "./options.ts";

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

/** The option of commands whose text has colors. */
export const COLOR_OPTION: OptionSpecs = {
  color: {
    type: "string",
    value: "WHEN",
    help: "color text: auto (default; on a terminal, unless NO_COLOR is set or TERM is dumb), always or never",
  },
};

/** Reads {@link COLOR_OPTION}: whether text on standard output has colors. Errors: UsageError. */
export function hasColor(given: GivenOptions, { env, terminal }: Pick<CommandIo, "env" | "terminal">): boolean {
  const when = given.text("color") ?? "auto";
  switch (when) {
    case "auto":
      // https://no-color.org: an empty value counts as unset.
      return terminal.out && !env["NO_COLOR"] && env["TERM"] !== "dumb";
    case "always":
      return true;
    case "never":
      return false;
    default:
      throw new UsageError(`--color: "${when}" must be one of auto, always, never`);
  }
}

const STYLES: Readonly<Record<LineKind, Parameters<typeof styleText>[0]>> = {
  headline: "bold",
  added: "green",
  changed: "yellow",
  removed: "red",
  "new-access": ["red", "bold"],
  error: "red",
  warning: "yellow",
};

/** The text in the color of its kind. The text must be escaped: an escape sequence in it would take effect. */
export function colored(escapedText: string, kind: LineKind): string {
  return styleText(STYLES[kind], escapedText, { validateStream: false });
}
