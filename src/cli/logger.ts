import pino, { type Logger as PinoLogger } from "pino";
import type { Logger } from "../telemetry.ts";

/** Levels that `--log-level` takes. */
export const LOG_LEVELS: readonly string[] = ["debug", "info", "warn", "error"];

/** JSON lines on standard error, one per event; credentials and policy documents are cut out should one slip in. */
export function createLogger(level: string): Logger {
  return asLogger(
    pino(
      {
        level,
        base: null,
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
        redact: { paths: ["*.authorization", "*.token", "*.secretAccessKey", "*.document"], censor: "[redacted]" },
      },
      pino.destination({ fd: 2, sync: true }),
    ),
  );
}

function asLogger(log: PinoLogger): Logger {
  return {
    debug: (message, fields) => log.debug(fields ?? {}, message),
    info: (message, fields) => log.info(fields ?? {}, message),
    warn: (message, fields) => log.warn(fields ?? {}, message),
    error: (message, fields) => log.error(fields ?? {}, message),
    with: (fields) => asLogger(log.child(fields)),
  };
}
