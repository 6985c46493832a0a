import type { LogFields } from "../../telemetry.ts";
import { redact } from "../../text/safe-text.ts";
import { loggedError } from "./log-error.ts";

/** Longer texts are truncated, because log collectors limit the size of a line. */
const MAX_TEXT_CHARS = 8_192;

/** Deeper values are cut off; no deliberate field is nested that deep. */
const MAX_DEPTH = 6;

/** Makes fields safe for a log line: redacts texts and converts errors with {@link loggedError}. */
export function safeFields(fields: LogFields): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, safeValue(value, 1)]));
}

/** Redacts credentials in URLs and truncates the text. JSON escapes unprintable characters. */
export function safeText(text: string): string {
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
