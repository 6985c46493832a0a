import pino, { type DestinationStream, type Logger as PinoLogger } from "pino";
import type { LogFields, Logger } from "../../telemetry.ts";
import { printableJson } from "../../text/printable.ts";
import { safeFields, safeText } from "./log-fields.ts";

/** Levels that `--log-level` takes. */
export const LOG_LEVELS: readonly string[] = ["debug", "info", "warn", "error"];

/** What no line shows, at the top of it or one level below, by the names that code and libraries give such things. */
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
 * JSON lines, one per event; credentials and policy documents are cut out should one slip in, and no line holds a control
 * character. They are written before the call returns, so that the last one is there however the process ends.
 */
export function createLogger(level: string, destination: DestinationStream = standardError()): Logger {
  return asLogger(
    pino(
      {
        level,
        base: null,
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
        // What is logged comes from safeFields: pino takes anything with a message for an error.
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
