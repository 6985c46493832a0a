import { isMap, isSeq, LineCounter, type ParsedNode, parseAllDocuments } from "yaml";
import { API_GROUP, KIND } from "../api/instance-profile.ts";
import { TerminalError } from "../errors.ts";
import { describeYamlFault, placeAt } from "../text/yaml-fault.ts";
import { manifestFiles, readManifestFile } from "./manifest-files.ts";
import { type PlaceOf, placesIn } from "./manifest-place.ts";
import { YamlFaultError } from "./yaml-fault-error.ts";
import { type Json, jsonOf } from "./yaml-json.ts";

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

/** Excerpts are left out of messages: a file that is no manifest may be a secret. */
function documentsOf(source: string, text: string, kind: string): Manifest[] {
  const lines = new LineCounter();
  // Keys that stand twice are found on the way to JSON: here every key would be compared with each before it.
  const documents = parseAllDocuments(text, {
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "error",
    lineCounter: lines,
  });
  return [...documents].flatMap((document, index) => {
    const [fault] = document.errors;
    if (fault !== undefined) throw notYaml(source, describeYamlFault(fault, lines));
    const root = document.contents as ParsedNode | null;
    return opened(plainJson(source, root, text, lines), root, kind).map(({ value, node }) => ({
      source,
      position: index + 1,
      value,
      placeOf: placesIn(node, lines),
    }));
  });
}

function plainJson(source: string, root: ParsedNode | null, text: string, lines: LineCounter): Json {
  try {
    return jsonOf(root, text.length);
  } catch (error) {
    if (!(error instanceof YamlFaultError)) throw error;
    throw notYaml(source, `${placeAt(error.offset, lines)}: ${error.message}`);
  }
}

function notYaml(source: string, words: string): TerminalError {
  return new TerminalError(`${source}: ${words}`, { reason: "NotYaml" });
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
  const apiVersion = object["apiVersion"];
  const isOurs = object["kind"] === kind && typeof apiVersion === "string" && apiVersion.startsWith(`${API_GROUP}/`);
  return isOurs ? [{ value: object, node }] : [];
}

function itemOf(list: ParsedNode | null, index: number): ParsedNode | null {
  const items = isMap(list) ? list.get("items", true) : undefined;
  return isSeq(items) ? ((items.items[index] as ParsedNode | undefined) ?? null) : null;
}
