import { type Document, isMap, isSeq, LineCounter, type ParsedNode, parseAllDocuments } from "yaml";
import { API_GROUP, KIND } from "../api/instance-profile.ts";
import { TerminalError } from "../errors.ts";
import { manifestFiles, readManifestFile } from "./manifest-files.ts";
import { type PlaceOf, placesIn } from "./manifest-place.ts";

const STDIN = "<stdin>";

/** One object as somebody wrote it, with where it stands. */
export interface Manifest {
  /** File name, or `<stdin>`. */
  readonly source: string;
  /** Which document of the file, from 1. */
  readonly position: number;
  readonly value: Readonly<Record<string, unknown>>;
  /** Where its fields stand in the file. */
  readonly placeOf: PlaceOf;
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
      manifests.push(...documentsOf(file, text, kind));
    }
  }
  if (manifests.length === 0) {
    const where = paths.map((path) => (path === "-" ? STDIN : path)).join(", ");
    throw new TerminalError(`no ${kind} of ${API_GROUP} in ${where}`, { reason: "NothingThere" });
  }
  return manifests;
}

function documentsOf(source: string, text: string, kind: string): Manifest[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { uniqueKeys: true, logLevel: "error", lineCounter: lines });
  return [...documents].flatMap((document, index) => {
    const [fault] = document.errors;
    if (fault !== undefined) throw notYaml(source, fault.message, fault);
    return opened(plainJson(source, document), document.contents as ParsedNode | null, kind).map(({ value, node }) => ({
      source,
      position: index + 1,
      value,
      placeOf: placesIn(node, lines),
    }));
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

interface Opened {
  readonly value: Readonly<Record<string, unknown>>;
  /** Null where the value came through an alias. */
  readonly node: ParsedNode | null;
}

function opened(value: unknown, node: ParsedNode | null, kind: string): readonly Opened[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  const object = value as Readonly<Record<string, unknown>>;
  if (object["kind"] === "List" && Array.isArray(object["items"])) {
    return object["items"].flatMap((item, index) => opened(item, itemOf(node, index), kind));
  }
  const isOurs = object["kind"] === kind && String(object["apiVersion"]).startsWith(`${API_GROUP}/`);
  return isOurs ? [{ value: object, node }] : [];
}

function itemOf(list: ParsedNode | null, index: number): ParsedNode | null {
  const items = isMap(list) ? list.get("items", true) : undefined;
  return isSeq(items) ? ((items.items[index] as ParsedNode | undefined) ?? null) : null;
}
