import { readdirSync, rmSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { join } from "node:path";

/** Where Node keeps what it compiled of the sources, for the next process that imports them. */
export const COMPILE_CACHE: string = join(import.meta.dirname, "../../node_modules/.cache/compiled");

/** Some 15 runs of `npm test`. */
const MAX_FILES = 30_000;

/** Empties the cache when it has become large: vitest imports each test file by a URL of its own in each run, and Node keeps them all. */
export function boundCompileCache(): void {
  try {
    const count = readdirSync(COMPILE_CACHE, { recursive: true }).length;
    if (count > MAX_FILES) rmSync(COMPILE_CACHE, { recursive: true, force: true });
  } catch {
    // The first run has none, and another run may empty it at the same time.
  }
}

// Each process that runs tests imports this file first.
enableCompileCache(COMPILE_CACHE);
