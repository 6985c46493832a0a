import { glob, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { TerminalError } from "../../errors.ts";

const MANIFEST = /\.(ya?ml|json)$/;
const WILDCARD = /[*?[{]/;

/**
 * Resolves a `-f` argument to files in name order: the file itself; for a folder every .yaml, .yml and .json below it; for a
 * pattern (`teams-?.yaml`) the files that it matches.
 *
 * Errors: TerminalError for a missing path, and for a pattern without matches.
 */
export async function manifestFiles(path: string): Promise<string[]> {
  const info = await stat(path).catch((error: unknown) => error);
  if (info instanceof Error) return WILDCARD.test(path) ? matching(path) : unreadable(path, info);
  return (info as Awaited<ReturnType<typeof stat>>).isDirectory() ? filesBelow(path) : [path];
}

/** Reads a file as text. Errors: TerminalError that names the file, also when it is not UTF-8. */
export async function readManifestFile(file: string): Promise<string> {
  const bytes = await readFile(file).catch((error: unknown) => unreadable(file, error));
  return decodeUtf8(bytes) ?? unreadable(file, "is not UTF-8. Convert it to UTF-8.");
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && MANIFEST.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Resolves a pattern. Folders that match are skipped, as in a shell: only an explicit pattern selects their files. */
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

/** What the errors of the file system mean. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "does not exist",
  ENOTDIR: "does not exist: a part of the path is not a folder",
  EACCES: "cannot be accessed: permission denied",
  EISDIR: "is a folder",
};

function unreadable(path: string, cause: unknown): never {
  const why = cause instanceof Error ? fileFault(cause) : String(cause);
  throw new TerminalError(`${path} ${why}`, { reason: "UnreadableFile", cause });
}

/** What an error of the file system means, as the predicate of a sentence about the path. */
export function fileFault({ code = "unknown error" }: NodeJS.ErrnoException): string {
  return REASONS[code] ?? `cannot be read or written (${code})`;
}

/** Decodes UTF-8 and strips the byte order mark; undefined for invalid bytes, whose replacement could change a name. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
