import { TerminalError } from "../../errors.ts";
import type { JsonValue } from "../../model/policy/policy-json.ts";
import type { CommandIo } from "../io.ts";
import { manifestFiles, readManifestFile } from "../manifests/manifest-files.ts";
import { YamlFaultError } from "../manifests/yaml-events.ts";
import { readYaml } from "../manifests/yaml-reader.ts";

/** Larger files would take more memory than a pipeline has. */
const MAX_CHARS = 128 * 2 ** 20;

/** A document of a file. */
export interface ForeignDocument {
  /** The file, or `-` for standard input. */
  readonly source: string;
  readonly value: JsonValue;
}

/** Reads the YAML or JSON documents of files, folders, patterns and `-`. Errors: TerminalError that names the file, without an excerpt. */
export async function readDocuments(
  paths: readonly string[],
  io: Pick<CommandIo, "readInput">,
): Promise<readonly ForeignDocument[]> {
  const documents: ForeignDocument[] = [];
  for (const path of paths) {
    for (const source of path === "-" ? [path] : await manifestFiles(path)) {
      const text = await readBounded(source, io);
      const values = await withPlace(source, text, () => readYaml(text));
      documents.push(...values.filter((value) => value !== null).map((value) => ({ source, value })));
    }
  }
  return documents;
}

/** Reads a file, or `-`. Errors: TerminalError that names the file. */
export async function readBounded(
  path: string,
  io: Pick<CommandIo, "readInput">,
  maxChars: number = MAX_CHARS,
): Promise<string> {
  const text = path === "-" ? await io.readInput() : await readManifestFile(path);
  if (text.length <= maxChars) return text;
  throw new TerminalError(`${path} has more than ${maxChars} characters`, { reason: "TooLarge" });
}

/** Adds file and line to the errors of a YAML reader. */
export async function withPlace<T>(path: string, text: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof YamlFaultError)) throw error;
    const line = text.slice(0, error.offset).split("\n").length;
    throw new TerminalError(`${path}:${line}: error: ${error.message}`, { reason: "NotYaml" });
  }
}
