import { setTimeout as delay } from "node:timers/promises";

/**
 * Asks again until it no longer raises, and returns that answer. Where there is vitest, `vi.waitFor` does the same.
 *
 * Errors: the last one, when the time is up.
 */
export async function eventually<T>(
  ask: () => Promise<T>,
  { timeoutMs, intervalMs }: { readonly timeoutMs: number; readonly intervalMs: number },
): Promise<T> {
  for (const endMs = performance.now() + timeoutMs; ; await delay(intervalMs)) {
    try {
      return await ask();
    } catch (error) {
      if (performance.now() > endMs) throw error;
    }
  }
}
