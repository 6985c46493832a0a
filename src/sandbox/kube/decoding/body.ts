import { parseAllDocuments, parseDocument } from "yaml";
import type { Json, JsonObject } from "../../../crd/contract.ts";
import { isObject } from "../../../crd/json.ts";
import { badRequest, unsupportedMediaType } from "../status-error.ts";
import { readProtobuf } from "./protobuf.ts";

/** A request body with its media type, parameters cut off. */
export interface Body {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  /** The bytes as UTF-8. */
  readonly text: string;
}

/** What a body says, and the keys that it says twice (the last one counts). */
export interface ParsedBody {
  readonly value: Json;
  readonly duplicates: readonly string[];
}

/** Raised for a body that cannot be read; the handlers say what was wanted instead. */
export class UnreadableBodyError extends Error {
  constructor(problem: string) {
    super(problem);
    this.name = "UnreadableBodyError";
  }
}

/** Reads an object or options; an absent media type is JSON. Raises 415 or UnreadableBodyError. */
export function parseBody(body: Body): ParsedBody {
  if (body.mediaType === "" || body.mediaType === "application/json") return parseJson(body.text);
  if (body.mediaType === "application/yaml") return parseYaml(body.text);
  if (body.mediaType === protobufType) return parseProtobuf(body.bytes);
  throw unsupportedMediaType(["application/json", "application/yaml", protobufType]);
}

/** kubectl 1.32 and later create namespaces and config maps so, and takes JSON for an answer. */
const protobufType = "application/vnd.kubernetes.protobuf";

function parseProtobuf(bytes: Uint8Array): ParsedBody {
  try {
    return { value: readProtobuf(bytes), duplicates: [] };
  } catch (error) {
    throw new UnreadableBodyError(error instanceof Error ? error.message : String(error));
  }
}

/** Raises UnreadableBodyError for what is not JSON. */
export function parseJson(text: string): ParsedBody {
  let value: Json;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UnreadableBodyError(error instanceof Error ? error.message : String(error));
  }
  return { value, duplicates: hasNoDuplicates(text, value) ? [] : duplicateKeys(text) };
}

/** Raises UnreadableBodyError for what is not one YAML document. JSON is YAML too, and most of what comes is JSON. */
export function parseYaml(text: string): ParsedBody {
  if (isJson(text)) return parseJson(text);
  const documents = parseAllDocuments(text, { uniqueKeys: false });
  const [document] = documents;
  if (document === undefined || documents.length !== 1) throw new UnreadableBodyError("not exactly one YAML document");
  const [problem] = document.errors;
  if (problem !== undefined) throw new UnreadableBodyError(`error converting YAML to JSON: ${problem.message}`);
  return { value: document.toJS({ maxAliasCount: 100 }), duplicates: duplicateKeys(text) };
}

function isJson(text: string): boolean {
  if (!text.startsWith("{")) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The object in a body; raises UnreadableBodyError for a list or a scalar. */
export function objectIn(parsed: ParsedBody): JsonObject {
  if (isObject(parsed.value)) return parsed.value;
  throw new UnreadableBodyError(`json: cannot unmarshal ${jsonTypeOf(parsed.value)} into an object`);
}

/** The type of a value in the words of Go's decoder. */
export function jsonTypeOf(value: Json): string {
  if (Array.isArray(value)) return "array";
  if (value === null) return "null";
  return typeof value === "boolean" ? "bool" : typeof value;
}

/** The start of a body, to be recognized by: text when it looks like JSON, else hexadecimal. */
export function excerptOf(text: string): string {
  const limit = 30;
  if (text === "") return "<empty>";
  const bytes = Buffer.from(text);
  const isLong = bytes.length > limit;
  const start = bytes.subarray(0, limit).toString(text.startsWith("{") ? "utf8" : "hex");
  return isLong ? `${start} ...` : start;
}

/** Cheap and certain when it says yes: a key that is said twice is lost in the parsed value. */
function hasNoDuplicates(text: string, value: Json): boolean {
  return JSON.stringify(value).length === text.length || keyCount(text) === valueKeyCount(value);
}

function keyCount(text: string): number {
  return text.match(/"(?:[^"\\]|\\.)*"\s*:/g)?.length ?? 0;
}

function valueKeyCount(value: Json): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + valueKeyCount(item), 0);
  if (!isObject(value)) return 0;
  return Object.values(value).reduce<number>((sum, item) => sum + 1 + valueKeyCount(item), 0);
}

function duplicateKeys(text: string): readonly string[] {
  const found: string[] = [];
  collectDuplicates(parseDocument(text, { uniqueKeys: false }).contents, "", found);
  return found;
}

function collectDuplicates(node: unknown, path: string, found: string[]): void {
  if (typeof node !== "object" || node === null || !("items" in node) || !Array.isArray(node.items)) return;
  const seen = new Set<string>();
  for (const [index, item] of node.items.entries()) {
    if (!isPair(item)) {
      collectDuplicates(item, `${path}[${index}]`, found);
      continue;
    }
    const key = path === "" ? String(item.key) : `${path}.${String(item.key)}`;
    if (seen.has(key)) found.push(key);
    seen.add(key);
    collectDuplicates(item.value, key, found);
  }
}

function isPair(item: unknown): item is { readonly key: unknown; readonly value: unknown } {
  return typeof item === "object" && item !== null && "key" in item && "value" in item;
}

/** Runs a reader and turns UnreadableBodyError into a 400 that begins with `what`. */
export function reading<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof UnreadableBodyError ? badRequest(`${what}${error.message}`) : error;
  }
}
