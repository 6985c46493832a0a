import pino, { type DestinationStream, type Logger as PinoLogger } from "pino";
import { ControllerError } from "../../errors.ts";
import type { LogFields, Logger } from "../../telemetry.ts";
import { printableJson, redact } from "../../text/safe-text.ts";

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

/** Longer texts are truncated, because log collectors limit the size of a line. */
const MAX_TEXT_CHARS = 8_192;

/** Deeper values are cut off; no deliberate field is nested that deep. */
const MAX_DEPTH = 6;

/** Makes fields safe for a log line: redacts texts and converts errors with {@link loggedError}. */
function safeFields(fields: LogFields): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, safeValue(value, 1)]));
}

/** Redacts credentials in URLs and truncates the text. JSON escapes unprintable characters. */
function safeText(text: string): string {
  const safe = redact(text);
  return safe.length <= MAX_TEXT_CHARS ? safe : `${safe.slice(0, MAX_TEXT_CHARS)}… (${safe.length} characters)`;
}

function safeValue(value: unknown, depth: number): unknown {
  if (typeof value === "string") return safeText(value);
  if (value instanceof Error) return safeValue(loggedError(value), depth);
  if (typeof value !== "object" || value === null) return value;
  if (depth > MAX_DEPTH) return "[nested too deeply]";
  if (Array.isArray(value)) return value.map((item) => safeValue(item, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, safeValue(part, depth + 1)]));
}

/** Causes nested deeper are not logged. */
const MAX_CAUSES = 3;

/** Log fields of an error. */
interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly reason?: string;
  readonly requestId?: string;
  readonly stack?: string;
  readonly cause?: LoggedError;
}

/**
 * Converts an error to log fields: type, message, code and causes. Other properties are dropped, because libraries attach
 * requests with their headers to errors. Only unexpected errors keep their stack.
 */
function loggedError(error: unknown): unknown {
  return error instanceof Error ? fieldsOf(error, 0) : error;
}

function fieldsOf(error: Error, depth: number): LoggedError {
  const { name, message, stack, cause } = error;
  const { code } = error as { readonly code?: unknown };
  const isExpected = error instanceof ControllerError;
  return {
    type: name,
    message,
    ...(typeof code === "string" && { code }),
    ...(isExpected && { reason: error.reason }),
    ...(isExpected && error.requestId !== undefined && { requestId: error.requestId }),
    ...(!isExpected && depth === 0 && stack !== undefined && { stack }),
    ...(cause instanceof Error && depth < MAX_CAUSES && { cause: fieldsOf(cause, depth + 1) }),
  };
}
