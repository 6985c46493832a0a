import { printableLine } from "../text/printable.ts";
import { redact } from "../text/redact.ts";
import type { CommandIo, ProcessIo } from "./io.ts";

/**
 * The one way from a command to the terminal. Names and values of others (manifests, AWS, kubeconfigs) are in almost every line, so
 * the lines are made safe here and not where they are composed.
 */
export function lineIo(process: ProcessIo): CommandIo {
  return {
    ...process,
    out: (lines) => process.out(textOf([lines].flat().map(printableLine))),
    err: (lines) => process.err(textOf([lines].flat().map((line) => printableLine(redact(line))))),
  };
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}
