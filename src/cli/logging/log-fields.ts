import type { LogFields } from "../../telemetry.ts";
import { redact } from "../../text/redact.ts";
import { loggedError } from "./log-error.ts";

/** What is longer is cut: one line must not be larger than a log collector takes. */
const MAX_TEXT_CHARS = 8_192;

/** Nothing that is logged on purpose is nested deeper. */
const MAX_DEPTH = 6;

/** Fields as a log line shows them: errors as {@link loggedError} has them, and every text safe. */
export function safeFields(fields: LogFields): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, safeValue(value, 1)]));
}

/** A text without the credentials of URLs, and not longer than a log line may be. JSON escapes what is not printable. */
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
