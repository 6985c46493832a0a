import { setImmediate as nextTurn } from "node:timers/promises";
import { LineCounter } from "yaml";
import { API_GROUP, KIND } from "../../api/instance-profile.ts";
import { TerminalError } from "../../errors.ts";
import { placeAt } from "../../text/yaml-fault.ts";
import { manifestFiles, readManifestFile } from "./manifest-files.ts";
import { piecesOf, type YamlPiece } from "./yaml-documents.ts";
import { YamlFaultError } from "./yaml-fault-error.ts";
import { readYaml } from "./yaml-reader.ts";

const STDIN = "<stdin>";

/** The position of an object in its file, from which `placesOf` locates fields. */
export interface ManifestOrigin {
  readonly piece: YamlPiece;
  /** Index of the document in the piece, from 0. */
  readonly document: number;
  /** Path of the object in its document: `.items[3]`; empty for the whole document. */
  readonly path: string;
  readonly lines: () => LineCounter;
}

/** One object of a manifest file, with its origin. */
export interface Manifest {
  /** File name, or `<stdin>`. */
  readonly source: string;
  /** Number of the document in the file, from 1. */
  readonly position: number;
  readonly value: Readonly<Record<string, unknown>>;
  readonly origin: ManifestOrigin;
}

/**
 * Reads objects of one kind from files, folders, patterns (see `manifestFiles`) and `-` (standard input). Skips documents of
 * other kinds and expands Lists.
 *
 * Errors: TerminalError for unreadable files and invalid YAML, with file and line; and when no object is found, because an
 * empty check would succeed.
 */
export async function readManifests(
  paths: readonly string[],
  readInput: () => Promise<string>,
  kind: string = KIND,
): Promise<Manifest[]> {
  const manifests: Manifest[] = [];
  for (const path of paths) {
    const files = path === "-" ? [STDIN] : await manifestFiles(path);
    for (const file of files) {
      const text = file === STDIN ? await readInput() : await readManifestFile(file);
      manifests.push(...(await manifestsIn(file, text, kind)));
    }
  }
  if (manifests.length === 0) {
    const where = paths.map((path) => (path === "-" ? STDIN : path)).join(", ");
    throw new TerminalError(`no ${kind} (${API_GROUP}) found in ${where}`, { reason: "NothingThere" });
  }
  return manifests;
}

/** Characters to read before yielding to the event loop. */
const CHARS_PER_SLICE = 64 * 1_024;

async function manifestsIn(source: string, text: string, kind: string): Promise<readonly Manifest[]> {
  const lines = lazyLines(text);
  const manifests: Manifest[] = [];
  let documents = 0;
  let sliceEnd = CHARS_PER_SLICE;
  for (const piece of piecesOf(text)) {
    const values = await readPiece(piece, source, lines);
    for (const [document, value] of values.entries()) {
      const position = documents + document + 1;
      for (const { path, value: object } of opened(value, "", kind)) {
        manifests.push({ source, position, value: object, origin: { piece, document, path, lines } });
      }
    }
    documents += values.length;
    if (piece.offset < sliceEnd) continue;
    await nextTurn();
    sliceEnd = piece.offset + CHARS_PER_SLICE;
  }
  return manifests;
}

/** Messages contain no excerpts: a file that is not a manifest can be a secret. */
async function readPiece(
  { text, offset }: YamlPiece,
  source: string,
  lines: () => LineCounter,
): Promise<readonly unknown[]> {
  try {
    return await readYaml(text);
  } catch (error) {
    if (!(error instanceof YamlFaultError)) throw error;
    const where = placeAt(offset + error.offset, lines());
    throw new TerminalError(`${source}: ${where}: ${error.message}`, { reason: "NotYaml" });
  }
}

interface Opened {
  readonly value: Readonly<Record<string, unknown>>;
  readonly path: string;
}

function opened(value: unknown, path: string, kind: string): readonly Opened[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  const object = value as Readonly<Record<string, unknown>>;
  if (object["kind"] === "List" && Array.isArray(object["items"])) {
    return object["items"].flatMap((item, index) => opened(item, `${path}.items[${index}]`, kind));
  }
  const apiVersion = object["apiVersion"];
  const isWanted = object["kind"] === kind && typeof apiVersion === "string" && apiVersion.startsWith(`${API_GROUP}/`);
  return isWanted ? [{ value: object, path }] : [];
}

/** Indexes the lines of a text on first use. */
function lazyLines(text: string): () => LineCounter {
  let known: LineCounter | undefined;
  return () => {
    if (known !== undefined) return known;
    known = new LineCounter();
    for (let start = 0; start >= 0; start = text.indexOf("\n", start) + 1 || -1) known.addNewLine(start);
    return known;
  };
}
