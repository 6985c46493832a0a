import { existsSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { type DocumentField, offsetsIn } from "./manifest-place.ts";
import { YamlFaultError, yamlEvents } from "./yaml-events.ts";
import { type Json, jsonOf, templateJsonOf } from "./yaml-json.ts";

/** Larger texts would block the event loop for too long. */
const MAX_INLINE_CHARS = 128 * 1_024;

/** Enough to read any object that an API server stores. */
const HEAP_MIB = 64;

/** For short-lived values. */
const YOUNG_HEAP_MIB = 8;

/** What a list of many objects needs. */
const HEAP_MIB_FOR_EACH_MIB = 16;

/** A request to the worker thread: read the documents of a text, or locate fields in them. */
export interface YamlRequest {
  readonly text: string;
  readonly fields?: readonly DocumentField[];
}

/** The reply of the worker thread. */
export interface YamlReply {
  /** Each document as JSON text. */
  readonly documents?: readonly string[];
  readonly offsets?: readonly number[];
  readonly fault?: { readonly what: string; readonly offset: number };
}

/**
 * Reads the documents of a text as JSON. Large texts are read in a worker thread, so that they do not block the event loop
 * and their memory is limited.
 *
 * Errors: YamlFaultError for text that is not YAML, has no JSON form, or takes too much memory.
 */
export async function readYaml(text: string): Promise<readonly Json[]> {
  if (text.length <= MAX_INLINE_CHARS) return jsonOf(yamlEvents(text), text);
  const { documents = [] } = await inThread({ text });
  return documents.map((document): Json => JSON.parse(document));
}

/** Reads a CloudFormation template as {@link templateJsonOf}. Errors: as {@link readYaml}. */
export async function readTemplate(text: string): Promise<readonly Json[]> {
  return templateJsonOf(yamlEvents(text), text);
}

/** Returns the offsets of fields in the text. Errors: as {@link readYaml}. */
export async function findInYaml(text: string, fields: readonly DocumentField[]): Promise<readonly number[]> {
  if (text.length <= MAX_INLINE_CHARS) return offsetsIn(yamlEvents(text), text, fields);
  const { offsets = [] } = await inThread({ text, fields });
  return offsets;
}

async function inThread(request: YamlRequest): Promise<YamlReply> {
  const heapMib = Math.max(HEAP_MIB, Math.ceil((HEAP_MIB_FOR_EACH_MIB * request.text.length) / 2 ** 20));
  const worker = new Worker(workerFile(), {
    workerData: request,
    resourceLimits: { maxOldGenerationSizeMb: heapMib, maxYoungGenerationSizeMb: YOUNG_HEAP_MIB },
  });
  const { fault, ...reply } = await new Promise<YamlReply>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  }).catch((error: NodeJS.ErrnoException): YamlReply => {
    if (error.code !== "ERR_WORKER_OUT_OF_MEMORY") throw error;
    const what = `reading it takes more than ${heapMib} MiB of memory. Split it into smaller documents.`;
    return { fault: { what, offset: 0 } };
  });
  if (fault !== undefined) throw new YamlFaultError(fault.what, fault.offset);
  return reply;
}

/** Finds the worker next to the sources or the bundle. */
function workerFile(): string {
  const file = ["yaml-worker.ts", "yaml-worker.mjs"]
    .map((name) => join(import.meta.dirname, name))
    .find((path) => existsSync(path));
  if (file === undefined) throw new Error("yaml-worker not found. Reinstall the program.");
  return file;
}

/** A piece of a text that contains whole documents, usually one. */
export interface YamlPiece {
  /** Offset of the piece in the text. */
  readonly offset: number;
  readonly text: string;
}

/** `---` and `...` at the start of a line end the document, even within quotes. */
const MARKER = /(?<=^|[\n\r])(?:---|\.\.\.)(?=[ \t\r\n]|$)/g;

/** The start of a line with content: not blank, a comment or a directive. */
const CONTENT = /(?<=^|[\n\r])[ \t]*[^ \t\n\r#%\ufeff]/;

/** Splits a text between its documents, so that each can be read separately. */
export function* piecesOf(text: string): Generator<YamlPiece> {
  let offset = 0;
  for (const { index, 0: marker } of text.matchAll(MARKER)) {
    const end = marker === "..." ? lineEnd(text, index) : index;
    if (marker === "---" && !CONTENT.test(text.slice(offset, end))) continue;
    yield { offset, text: text.slice(offset, end) };
    offset = end;
  }
  yield { offset, text: text.slice(offset) };
}

function lineEnd(text: string, from: number): number {
  const length = /[\n\r]/.exec(text.slice(from))?.index;
  return length === undefined ? text.length : from + length;
}
