import type { Clock } from "../runtime/clock.ts";
import type { OutputLine } from "../text/line.ts";

/** Writes one or several lines. Line breaks and control characters within a line are escaped. */
export type WriteLines = (lines: OutputLine | readonly OutputLine[]) => void;

/** Input and output of a command. */
export interface CommandIo {
  /** Writes lines to standard output; with `hasColor`, in the colors of their kinds. */
  readonly out: (lines: OutputLine | readonly OutputLine[], hasColor?: boolean) => void;
  /** Writes lines to standard error, with user names and passwords of URLs redacted. */
  readonly err: WriteLines;
  /** Shows one line on the terminal of standard error, until the next one or other output replaces it. Empty: removes it. */
  readonly showProgress: (line: string) => void;
  /** Reads all of standard input. Errors: TerminalError when it is not UTF-8. */
  readonly readInput: () => Promise<string>;
  /** Reads standard input line by line. */
  readonly readLines: () => AsyncIterable<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Which outputs a terminal shows. */
  readonly terminal: { readonly out: boolean; readonly err: boolean };
  /** Aborts when the process gets a request to stop (SIGINT, SIGTERM). */
  readonly stop: AbortSignal;
}

/** The command line's access to the process; tests run commands without one. */
export interface ProcessIo extends Omit<CommandIo, "out" | "err" | "showProgress"> {
  /** Writes text to standard output unchanged. */
  readonly out: (text: string) => void;
  /** Writes text to standard error unchanged. */
  readonly err: (text: string) => void;
}

/** Exit statuses of commands; only `plan`, `access` and `report` use more than `ok` and `error`. */
export const EXIT: {
  readonly ok: 0;
  readonly error: 1;
  readonly changes: 2;
  readonly blocked: 3;
  /** `plan --fail-on-new-access` */
  readonly newAccess: 4;
} = { ok: 0, error: 1, changes: 2, blocked: 3, newAccess: 4 };

/** Exit statuses of `access diff`. */
export const DIFF_EXIT = { "no-new-access": 0, "new-access": 2, undecided: 3 } as const;

/** An error in the command line: shown without a stack, with a pointer to `--help`. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}
