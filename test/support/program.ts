import { join } from "node:path";
import { BUNDLE_VARIABLE } from "./bundle-program.ts";

/**
 * The program that tests start as a process: the bundle that ships, which starts in half the processor time of the sources;
 * the sources where no run of Vitest has built it. It is decided when this module is loaded, which is after `setup()` has built the bundle.
 */
export const PROGRAM = process.env[BUNDLE_VARIABLE] ?? join(import.meta.dirname, "../../src/main.ts");
