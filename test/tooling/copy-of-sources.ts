import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** The folder of this repository. */
export const ROOT: string = join(import.meta.dirname, "../..");

/** A copy of parts of this repository in which a test may plant faults. */
export interface Copy {
  readonly folder: string;
  plant(file: string, text: string): void;
  remove(): void;
}

/** Copies the named files and folders; packages are those of this repository. */
export function copyOf(...paths: readonly string[]): Copy {
  const folder = mkdtempSync(join(tmpdir(), "planted-"));
  for (const path of paths) cpSync(join(ROOT, path), join(folder, path), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return {
    folder,
    plant(file, text) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
