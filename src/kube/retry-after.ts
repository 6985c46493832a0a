/** Parses a Retry-After header to ms: seconds or a date (https://www.rfc-editor.org/rfc/rfc9110#field.retry-after). */
export function retryAfterMsOf(header: string | readonly string[] | undefined, nowMs: number): number | undefined {
  const value = typeof header === "string" ? header : header?.[0];
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1_000;
  const atMs = Date.parse(value);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}
