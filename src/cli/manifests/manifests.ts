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

/** Where an object stands, for `placesOf` to find its fields. */
export interface ManifestOrigin {
  readonly piece: YamlPiece;
  /** Which document of the piece, from 0. */
  readonly document: number;
  /** Where it stands in its document: `.items[3]`; empty for all of it. */
  readonly path: string;
  readonly lines: () => LineCounter;
}

/** One object as somebody wrote it, with where it stands. */
export interface Manifest {
  /** File name, or `<stdin>`. */
  readonly source: string;
  /** Which document of the file, from 1. */
  readonly position: number;
  readonly value: Readonly<Record<string, unknown>>;
  readonly origin: ManifestOrigin;
}

/**
 * Reads InstanceProfiles, or objects of another kind, from files, folders, patterns (see `manifestFiles`) and `-` (standard input); documents of other
 * kinds are passed over, as a folder of manifests holds them too, and Lists are opened.
 *
 * Errors: TerminalError for what cannot be read or is not YAML, naming file and line; and when there is not one
 * such object in all of it, for a check of nothing would pass whatever is wrong.
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
    throw new TerminalError(`no ${kind} of ${API_GROUP} in ${where}`, { reason: "NothingThere" });
  }
  return manifests;
}

/** So much text is read before whatever else the process does gets its turn. */
const CHARS_A_TURN = 64 * 1_024;

async function manifestsIn(source: string, text: string, kind: string): Promise<readonly Manifest[]> {
  const lines = lazyLines(text);
  const manifests: Manifest[] = [];
  let documents = 0;
  let turnEnds = CHARS_A_TURN;
  for (const piece of piecesOf(text)) {
    const values = await readPiece(piece, source, lines);
    for (const [document, value] of values.entries()) {
      const position = documents + document + 1;
      for (const { path, value: object } of opened(value, "", kind)) {
        manifests.push({ source, position, value: object, origin: { piece, document, path, lines } });
      }
    }
    documents += values.length;
    if (piece.offset < turnEnds) continue;
    await nextTurn();
    turnEnds = piece.offset + CHARS_A_TURN;
  }
  return manifests;
}

/** Excerpts are left out of messages: a file that is no manifest may be a secret. */
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
  const isOurs = object["kind"] === kind && typeof apiVersion === "string" && apiVersion.startsWith(`${API_GROUP}/`);
  return isOurs ? [{ value: object, path }] : [];
}

/** The lines of a text, which are found when they are needed first. */
function lazyLines(text: string): () => LineCounter {
  let known: LineCounter | undefined;
  return () => {
    if (known !== undefined) return known;
    known = new LineCounter();
    for (let start = 0; start >= 0; start = text.indexOf("\n", start) + 1 || -1) known.addNewLine(start);
    return known;
  };
}
