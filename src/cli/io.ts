/** Writes lines: one, or several. Nothing within a line starts another one or reaches a terminal as a control character. */
export type WriteLines = (lines: string | readonly string[]) => void;

/** What a command reads and writes. */
export interface CommandIo {
  /** Writes lines to standard output. */
  readonly out: WriteLines;
  /** Writes lines to standard error, without the users and passwords of URLs. */
  readonly err: WriteLines;
  /** All of standard input. Errors: TerminalError when it is not UTF-8. */
  readonly readInput: () => Promise<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborts when the process is asked to stop (SIGINT, SIGTERM). */
  readonly stop: AbortSignal;
}

/** The process as the command line sees it, so that tests can run commands without one. */
export interface ProcessIo extends Omit<CommandIo, "out" | "err"> {
  /** Writes text to standard output as it is. */
  readonly out: (text: string) => void;
  /** Writes text to standard error as it is. */
  readonly err: (text: string) => void;
}

/** What a command ends with; `plan` says more by it than success. */
export const EXIT: { readonly ok: 0; readonly error: 1; readonly changes: 2; readonly blocked: 3 } = {
  ok: 0,
  error: 1,
  changes: 2,
  blocked: 3,
};

/** The command line cannot be understood: shown without a stack, with a pointer to help. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}
