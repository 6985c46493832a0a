import { glob, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { TerminalError } from "../../errors.ts";
import { decodeUtf8 } from "./utf8.ts";

const MANIFEST = /\.(ya?ml|json)$/;
const WILDCARD = /[*?[{]/;

/**
 * The files that a `-f` means, in name order: a file itself; of a folder every .yaml, .yml and .json below it; of a pattern
 * (`teams-?.yaml`) those files that it matches.
 *
 * Errors: TerminalError for what is not there, and for a pattern that matches nothing.
 */
export async function manifestFiles(path: string): Promise<string[]> {
  const info = await stat(path).catch((error: unknown) => error);
  if (info instanceof Error) return WILDCARD.test(path) ? matching(path) : unreadable(path, info);
  return (info as Awaited<ReturnType<typeof stat>>).isDirectory() ? filesBelow(path) : [path];
}

/** The text of a file. Errors: TerminalError that names it, also when it is not UTF-8. */
export async function readManifestFile(file: string): Promise<string> {
  const bytes = await readFile(file).catch((error: unknown) => unreadable(file, error));
  return decodeUtf8(bytes) ?? unreadable(file, "it is not UTF-8; convert it");
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && MANIFEST.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** A pattern may match folders too; what is in them is meant only when the pattern says so, as a shell has it. */
async function matching(pattern: string): Promise<string[]> {
  const files: string[] = [];
  for await (const path of glob(pattern)) {
    if (MANIFEST.test(path) && (await stat(path)).isFile()) files.push(path);
  }
  if (files.length === 0) {
    throw new TerminalError(`${pattern} matches no .yaml, .yml or .json file`, { reason: "UnreadableFile" });
  }
  return files.sort();
}

function unreadable(path: string, cause: unknown): never {
  const why = cause instanceof Error ? cause.message : String(cause);
  throw new TerminalError(`cannot read ${path}: ${why}`, { reason: "UnreadableFile", cause });
}
