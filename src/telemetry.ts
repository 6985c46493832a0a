/** The fields of one log line. They must not contain policy documents, credentials or tokens. */
export type LogFields = Readonly<Record<string, unknown>>;

/** The log. The process configures its destination (see cli). */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to every line. */
  with(fields: LogFields): Logger;
}

/** A logger that discards everything, for tests and for commands whose output is their result. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  with: () => silentLogger,
};
