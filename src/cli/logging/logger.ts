import pino, { type DestinationStream, type Logger as PinoLogger } from "pino";
import type { LogFields, Logger } from "../../telemetry.ts";
import { printableJson } from "../../text/safe-text.ts";
import { safeFields, safeText } from "./log-fields.ts";

/** The values of `--log-level`. */
export const LOG_LEVELS: readonly string[] = ["debug", "info", "warn", "error"];

/** Field names that are redacted at the top of a line or one level below. */
const SECRETS = [
  "authorization",
  "token",
  "password",
  "secret",
  "secretAccessKey",
  "sessionToken",
  "accessKeyId",
  "credentials",
  "document",
  "policyDocument",
  "statements",
];

/**
 * Creates a logger that writes JSON lines. Fields that can hold credentials or policy documents are redacted, and control
 * characters are escaped. Writes are synchronous, so that the last line is not lost when the process ends.
 */
export function createLogger(level: string, destination: DestinationStream = standardError()): Logger {
  return asLogger(
    pino(
      {
        level,
        base: null,
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
        // safeFields has converted errors already; pino would treat any object with a message as an error.
        serializers: { err: (error) => error },
        hooks: { streamWrite: printableJson },
        redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`]), censor: "[redacted]" },
      },
      destination,
    ),
  );
}

function standardError(): DestinationStream {
  return pino.destination({ fd: 2, sync: true });
}

function asLogger(log: PinoLogger): Logger {
  const at =
    (level: "debug" | "info" | "warn" | "error") =>
    (message: string, fields?: LogFields): void => {
      if (log.isLevelEnabled(level)) log[level](safeFields(fields ?? {}), safeText(message));
    };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    with: (fields) => asLogger(log.child(safeFields(fields))),
  };
}
