import { setImmediate as nextTurn } from "node:timers/promises";
import { LineCounter } from "yaml";
import { API_GROUP, KIND } from "../../api/instance-profile.ts";
import { CLASS_KIND } from "../../api/instance-profile-class.ts";
import { TerminalError } from "../../errors.ts";
import { placeIn } from "../../text/yaml-fault.ts";
import { manifestFiles, readManifestFile } from "./manifest-files.ts";
import { YamlFaultError } from "./yaml-events.ts";
import { piecesOf, readYaml, type YamlPiece } from "./yaml-reader.ts";

const STDIN = "<stdin>";

/** The position of an object in its file, from which `located` finds fields. */
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

/** A file, or a document of one, that cannot be read. */
export interface ManifestFault {
  readonly source: string;
  readonly line: number;
  readonly column: number;
  /** What is wrong, without an excerpt: a file that is not a manifest can be a secret. */
  readonly message: string;
}

/** The objects of the input, and what of the input cannot be read. */
export interface ManifestInput {
  readonly manifests: readonly Manifest[];
  /** The documents of kind {@link TEST_KIND}, which belong to no cluster. */
  readonly tests: readonly Manifest[];
  /** The IAM policy documents. */
  readonly policies: readonly Manifest[];
  readonly faults: readonly ManifestFault[];
}

/** The kind of a policy test: a file beside the manifests, and not a resource of a cluster. */
export const TEST_KIND = "InstanceProfileTest";

/**
 * Reads objects of one kind from files, folders, patterns (see `manifestFiles`) and `-` (standard input), with the policies and policy
 * tests beside them. Skips documents of other kinds and expands Lists. Reads on after a fault, so that one run shows all of them.
 *
 * Errors: TerminalError for a path without files; and when the input has neither an object nor a fault, because an empty check
 * would succeed.
 *
 * @param policiesSuffice true when the input may have policy documents alone
 */
export async function readInput(
  paths: readonly string[],
  readStdin: () => Promise<string>,
  kind: string = KIND,
  policiesSuffice = false,
): Promise<ManifestInput> {
  const input = await collect(paths, readStdin, kind);
  const { manifests, tests, policies, faults, others } = input;
  if (manifests.length > 0 || faults.length > 0 || (policiesSuffice && policies.length > 0)) return input;
  const hint = tests.length === 0 || kind !== KIND ? others.hint : `; it has ${TEST_KIND}. ${TESTS_ADVICE}`;
  const where = paths.map((path) => (path === "-" ? STDIN : path)).join(", ");
  throw new TerminalError(`no ${kind} (${API_GROUP}) found in ${where}${hint}`, { reason: "NothingThere" });
}

const TESTS_ADVICE = `Pass the manifests of the ${KIND}s that the tests name too, with another -f.`;

async function collect(paths: readonly string[], readStdin: () => Promise<string>, kind: string): Promise<Collected> {
  const input: Collected = { manifests: [], tests: [], policies: [], faults: [], others: new OtherDocuments() };
  for (const path of paths) {
    for (const file of path === "-" ? [STDIN] : await manifestFiles(path)) {
      const text = await textOf(file, readStdin);
      if (typeof text === "string") await readText(file, text, kind, input);
      else input.faults.push(text);
    }
  }
  return input;
}

/** Reads objects as {@link readInput}. Errors: those of it, and TerminalError for the first fault. */
export async function readManifests(
  paths: readonly string[],
  readStdin: () => Promise<string>,
  kind: string = KIND,
): Promise<readonly Manifest[]> {
  const { manifests, faults } = await readInput(paths, readStdin, kind);
  const [first, ...rest] = faults;
  if (first === undefined) return manifests;
  const more = rest.length === 0 ? "" : ` (and ${rest.length} more)`;
  throw new TerminalError(`${faultLine(first)}${more}`, { reason: "NotYaml" });
}

/** A fault as `validate` and `plan` print it: `app.yaml:3:5: error: the indentation is wrong`. */
export function faultLine({ source, line, column, message }: ManifestFault): string {
  return `${source}:${line}:${column}: error: ${message}`;
}

/** A manifest in messages about another one. */
export function titleOf({ source, position }: Manifest): string {
  return `${source}, document ${position}`;
}

/** Characters to read before yielding to the event loop. */
const CHARS_PER_SLICE = 64 * 1_024;

/** What {@link readInput} fills. */
interface Collected {
  readonly manifests: Manifest[];
  readonly tests: Manifest[];
  readonly policies: Manifest[];
  readonly faults: ManifestFault[];
  readonly others: OtherDocuments;
}

async function textOf(file: string, readStdin: () => Promise<string>): Promise<string | ManifestFault> {
  try {
    return file === STDIN ? await readStdin() : await readManifestFile(file);
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error;
    return { source: file, line: 1, column: 1, message: error.message };
  }
}

async function readText(source: string, text: string, kind: string, collected: Collected): Promise<void> {
  const lines = lazyLines(text);
  let documents = 0;
  let sliceEnd = CHARS_PER_SLICE;
  for (const piece of piecesOf(text)) {
    const values = await readPiece(piece, source, lines);
    if ("message" in values) {
      collected.faults.push(values);
      documents += 1;
      continue;
    }
    for (const [document, value] of values.entries()) {
      const position = documents + document + 1;
      for (const { path, value: object, list } of opened(value, "", kind, collected.others)) {
        collected[list].push({ source, position, value: object, origin: { piece, document, path, lines } });
      }
    }
    documents += values.length;
    if (piece.offset < sliceEnd) continue;
    await nextTurn();
    sliceEnd = piece.offset + CHARS_PER_SLICE;
  }
}

async function readPiece(
  { text, offset }: YamlPiece,
  source: string,
  lines: () => LineCounter,
): Promise<readonly unknown[] | ManifestFault> {
  try {
    return await readYaml(text);
  } catch (error) {
    if (!(error instanceof YamlFaultError)) throw error;
    const { line, column } = placeIn(lines(), offset + error.offset);
    return { source, line, column, message: `${error.message}${text.includes("{{") ? TEMPLATE_HINT : ""}` };
  }
}

interface Opened {
  readonly value: Readonly<Record<string, unknown>>;
  readonly path: string;
  readonly list: "manifests" | "tests" | "policies";
}

/** Returns the objects to check: those of the kind, those of our API group with a kind that it does not have, tests and policies. */
function opened(value: unknown, path: string, kind: string, others: OtherDocuments): readonly Opened[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  const object = value as Readonly<Record<string, unknown>>;
  const isList = object["kind"] === "List" || object["kind"] === `${kind}List`;
  if (isList && Array.isArray(object["items"])) {
    return object["items"].flatMap((item, index) => opened(item, `${path}.items[${index}]`, kind, others));
  }
  const isOfGroup = String(object["apiVersion"]).startsWith(`${API_GROUP}/`);
  if (isOfGroup && object["kind"] === TEST_KIND) return [{ value: object, path, list: "tests" }];
  const isMisnamed = kind === KIND && !String(object["kind"]).startsWith(CLASS_KIND);
  if (isOfGroup && (object["kind"] === kind || isMisnamed)) return [{ value: object, path, list: "manifests" }];
  others.add(object);
  return isPolicy(object) ? [{ value: object, path, list: "policies" }] : [];
}

function isPolicy(object: Readonly<Record<string, unknown>>): boolean {
  return object["kind"] === undefined && "Statement" in object;
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

/** Added to the fault of a file that has the marks of a Go template. */
const TEMPLATE_HINT =
  ". The file has {{ }}, so it looks like a Helm template: render it first, for example with helm template.";

/** Kinds to name; more would not help to find a wrong file. */
const MAX_KINDS = 3;

/** What can be shown of a kind and an apiVersion: the file may be anything. */
const SHOWN = /^[A-Za-z0-9./-]{1,80}$/;

/** The documents that were skipped, for the message of an input without a manifest. */
class OtherDocuments {
  readonly #kinds = new Set<string>();
  #hasPolicy = false;

  add({ kind, apiVersion, ...rest }: Readonly<Record<string, unknown>>): void {
    if (kind === undefined) this.#hasPolicy ||= "Statement" in rest;
    else if (SHOWN.test(String(kind)) && SHOWN.test(String(apiVersion))) this.#kinds.add(`${kind} (${apiVersion})`);
  }

  /** What was found instead, and what to do; empty when nothing is known. */
  get hint(): string {
    const [...kinds] = this.#kinds;
    const more = kinds.length > MAX_KINDS ? ", …" : "";
    const found = kinds.length === 0 ? "" : `; it has ${kinds.slice(0, MAX_KINDS).join(", ")}${more}`;
    return this.#hasPolicy ? `${found}; it has an IAM policy document. ${POLICY_ADVICE}` : found;
  }
}

const POLICY_ADVICE =
  "Write its statements as spec.statements of an InstanceProfile, with the keys effect, actions, resources and conditions.";
