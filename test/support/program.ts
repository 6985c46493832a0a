import { join } from "node:path";

/** Where test/support/bundle-program.ts leaves the path of the bundle. */
export const BUNDLE_VARIABLE = "TEST_PROGRAM";

/**
 * The program that tests start as a process: the bundle that ships, which starts in half the processor time of the sources;
 * the sources where no run of Vitest has built it.
 */
export const PROGRAM = process.env[BUNDLE_VARIABLE] ?? join(import.meta.dirname, "../../src/main.ts");
