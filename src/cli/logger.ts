import pino, { type DestinationStream, type Logger as PinoLogger } from "pino";
import type { Logger } from "../telemetry.ts";
import { loggedError } from "./log-error.ts";

/** Levels that `--log-level` takes. */
export const LOG_LEVELS: readonly string[] = ["debug", "info", "warn", "error"];

/** What no line shows, at the top of it or one level below, by the names that code and libraries give such things. */
const SECRETS = [
  ...["authorization", "token", "password", "secret", "secretAccessKey", "sessionToken", "accessKeyId", "credentials"],
  ...["document", "policyDocument", "statements"],
];

/**
 * JSON lines, one per event; credentials and policy documents are cut out should one slip in. They are written before the
 * call returns, so that the last one is there however the process ends.
 */
export function createLogger(level: string, destination: DestinationStream = standardError()): Logger {
  return asLogger(
    pino(
      {
        level,
        base: null,
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
        serializers: { err: loggedError },
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
  return {
    debug: (message, fields) => log.debug(fields ?? {}, message),
    info: (message, fields) => log.info(fields ?? {}, message),
    warn: (message, fields) => log.warn(fields ?? {}, message),
    error: (message, fields) => log.error(fields ?? {}, message),
    with: (fields) => asLogger(log.child(fields)),
  };
}
