import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Holds the path of the bundle once it is built. */
export const BUNDLE_VARIABLE = "TEST_PROGRAM";

const ROOT = join(import.meta.dirname, "../..");

let folder: string | undefined;

/** Builds the bundle once for a run of Vitest, in a folder as in the image, for the processes that tests start. */
export function setup(): void {
  if (process.env[BUNDLE_VARIABLE] !== undefined) return;
  folder = mkdtempSync(join(tmpdir(), "program-"));
  const { status, stderr } = spawnSync(process.execPath, [join(ROOT, "scripts/build.ts"), join(folder, "dist")]);
  if (status !== 0) throw new Error(`scripts/build.ts: ${stderr.toString()}`);
  cpSync(join(ROOT, "crds"), join(folder, "crds"), { recursive: true });
  process.env[BUNDLE_VARIABLE] = join(folder, "dist/main.mjs");
}

/** Removes it. */
export function teardown(): void {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}
