/** Fields of one log line, beside its message. Never put policy documents, credentials or tokens here. */
export type LogFields = Readonly<Record<string, unknown>>;

/** The log as the code sees it; the process gives it a destination (see cli). */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to every line. */
  with(fields: LogFields): Logger;
}

/** A logger that says nothing, for tests and commands whose output is their product. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  with: () => silentLogger,
};
