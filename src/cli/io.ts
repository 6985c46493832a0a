/** The process as a command sees it, so that tests can run commands without one. */
export interface CommandIo {
  /** Writes text to standard output as it is. */
  readonly out: (text: string) => void;
  /** Writes text to standard error as it is. */
  readonly err: (text: string) => void;
  /** All of standard input. */
  readonly readInput: () => Promise<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborts when the process is asked to stop (SIGINT, SIGTERM). */
  readonly stop: AbortSignal;
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
