import { enableCompileCache } from "node:module";
import { join } from "node:path";

/** Where Node keeps what it compiled of the sources, for the next process that imports them. */
export const COMPILE_CACHE: string = join(import.meta.dirname, "../../node_modules/.cache/compiled");

// Each process that runs tests imports this file first.
enableCompileCache(COMPILE_CACHE);
