import { printableLine } from "../text/printable.ts";
import { redact } from "../text/redact.ts";
import type { CommandIo, ProcessIo } from "./io.ts";

/**
 * Creates the output of a command. Lines contain names and values from manifests, AWS and kubeconfigs, so they are escaped
 * and redacted here and not where they are composed.
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
