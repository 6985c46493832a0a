/** Time as the server sees it; tests pass their own. */
export interface KubeClock {
  /** Wall clock, ms since the epoch. */
  nowMs(): number;
  /** Calls back once after `delayMs`, unless cancelled. */
  schedule(delayMs: number, callback: () => void): { cancel(): void };
}

/** The machine's own time; a pending timer does not keep the process alive. */
export const systemKubeClock: KubeClock = {
  nowMs: () => Date.now(),
  schedule(delayMs, callback) {
    const handle = setTimeout(callback, delayMs).unref();
    return { cancel: () => clearTimeout(handle) };
  },
};

/** `2026-01-02T03:04:05Z`: metav1.Time has whole seconds. */
export function timestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const yearMs = 365 * dayMs;

/**
 * An age as kubectl shows it: at most three significant parts, e.g. `45s`, `5m10s`, `3d4h`, `2y30d`. The steps are those of
 * https://pkg.go.dev/k8s.io/apimachinery/pkg/util/duration#HumanDuration
 */
export function humanDuration(ms: number): string {
  if (ms < -secondMs) return "<invalid>";
  if (ms < 2 * minuteMs) return `${Math.max(0, Math.floor(ms / secondMs))}s`;
  if (ms < 10 * minuteMs) return parts(ms, minuteMs, "m", secondMs, "s");
  if (ms < 3 * hourMs) return `${Math.floor(ms / minuteMs)}m`;
  if (ms < 8 * hourMs) return parts(ms, hourMs, "h", minuteMs, "m");
  if (ms < 2 * dayMs) return `${Math.floor(ms / hourMs)}h`;
  if (ms < 8 * dayMs) return parts(ms, dayMs, "d", hourMs, "h");
  if (ms < 2 * yearMs) return `${Math.floor(ms / dayMs)}d`;
  if (ms < 8 * yearMs) return parts(ms, yearMs, "y", dayMs, "d");
  return `${Math.floor(ms / yearMs)}y`;
}

/** The age of an RFC 3339 time, as in a table cell: `<unknown>` for none, `<invalid>` for what is no time. */
export function ageOf(time: unknown, nowMs: number): string {
  if (time === undefined || time === null || time === "") return "<unknown>";
  const ms = typeof time === "string" ? Date.parse(time) : Number.NaN;
  return Number.isNaN(ms) ? "<invalid>" : humanDuration(nowMs - ms);
}

function parts(ms: number, bigMs: number, bigUnit: string, smallMs: number, smallUnit: string): string {
  const small = Math.floor((ms % bigMs) / smallMs);
  const big = `${Math.floor(ms / bigMs)}${bigUnit}`;
  return small === 0 ? big : `${big}${small}${smallUnit}`;
}
