import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Document, parseAllDocuments } from "yaml";
import { API_GROUP, KIND } from "../api/instance-profile.ts";
import { TerminalError } from "../errors.ts";

const STDIN = "<stdin>";

/** One InstanceProfile as somebody wrote it, with where it stands. */
export interface Manifest {
  /** File name, or `<stdin>`. */
  readonly source: string;
  /** Which document of the file, from 1. */
  readonly position: number;
  readonly value: Readonly<Record<string, unknown>>;
}

/**
 * Reads InstanceProfiles from files, folders (every .yaml, .yml and .json below, in name order) and `-` (standard input);
 * documents of other kinds are passed over, as a folder of manifests holds them too, and Lists are opened.
 *
 * Errors: TerminalError for what cannot be read or is not YAML, naming file and line; and when there is not one
 * InstanceProfile in all of it, for a check of nothing would pass whatever is wrong.
 */
export async function readManifests(paths: readonly string[], readInput: () => Promise<string>): Promise<Manifest[]> {
  const manifests: Manifest[] = [];
  for (const path of paths) {
    if (path === "-") manifests.push(...documentsOf(STDIN, await readInput()));
    else for (const file of await filesOf(path)) manifests.push(...documentsOf(file, await readText(file)));
  }
  if (manifests.length === 0) {
    const where = paths.map((path) => (path === "-" ? STDIN : path)).join(", ");
    throw new TerminalError(`no ${KIND} of ${API_GROUP} in ${where}`, { reason: "NothingThere" });
  }
  return manifests;
}

async function filesOf(path: string): Promise<string[]> {
  const info = await stat(path).catch((error: unknown) => unreadable(path, error));
  if (!info.isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && /\.(ya?ml|json)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function readText(file: string): Promise<string> {
  return readFile(file, "utf8").catch((error: unknown) => unreadable(file, error));
}

function unreadable(path: string, cause: unknown): never {
  const why = cause instanceof Error ? cause.message : String(cause);
  throw new TerminalError(`cannot read ${path}: ${why}`, { reason: "UnreadableFile", cause });
}

function documentsOf(source: string, text: string): Manifest[] {
  const documents = parseAllDocuments(text, { uniqueKeys: true, logLevel: "error" });
  return [...documents].flatMap((document, index) => {
    const [fault] = document.errors;
    if (fault !== undefined) throw notYaml(source, fault.message, fault);
    return opened(plainJson(source, document)).map((value) => ({ source, position: index + 1, value }));
  });
}

/** YAML can say more than JSON can (an alias within what it stands for, a number that is none); an API server cannot. */
function plainJson(source: string, document: Pick<Document.Parsed, "toJS">): unknown {
  try {
    return JSON.parse(JSON.stringify(document.toJS()) ?? "null");
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    const isCircle = words.startsWith("Converting circular structure");
    throw notYaml(source, isCircle ? "an alias stands within what it stands for" : words, error);
  }
}

function notYaml(source: string, words: string, cause: unknown): TerminalError {
  return new TerminalError(`${source}: ${words}`, { reason: "NotYaml", cause });
}

function opened(value: unknown): Readonly<Record<string, unknown>>[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  const object = value as Readonly<Record<string, unknown>>;
  if (object["kind"] === "List" && Array.isArray(object["items"])) return object["items"].flatMap(opened);
  return object["kind"] === KIND && String(object["apiVersion"]).startsWith(`${API_GROUP}/`) ? [object] : [];
}
