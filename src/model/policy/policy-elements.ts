import {
  asciiLowerCase,
  canonicalJson,
  compareCodeUnits,
  isJsonList,
  isJsonObject,
  type JsonValue,
} from "./policy-json.ts";

const MAX_WORD_CHARS = 80;
const GAP = "...";

/**
 * A value as one short word. Quoted unless it is plain, and with nothing in it that a terminal would act on: what AWS
 * returns may have been written by anyone.
 */
export function showValue(value: JsonValue): string {
  if (typeof value !== "string") return shorten(printable(canonicalJson(value)));
  return /^[!#-+\--~]+$/.test(value) ? shorten(value) : showQuoted(value);
}

/** A text in quotes, short and printable. */
export function showQuoted(text: string): string {
  return shorten(printable(JSON.stringify(text)));
}

/**
 * How the given documents spell the names that are compared in lower case. The first document that has a name decides, and
 * within one the spelling that sorts first, so the order within a document does not matter.
 */
export function spellingOf(documents: readonly (JsonValue | undefined)[]): (name: string) => string {
  const spelling = new Map<string, string>();
  for (const document of documents) {
    const words = document === undefined ? [] : [...wordsOf(document)].sort(compareCodeUnits);
    for (const word of words) {
      const name = asciiLowerCase(word);
      if (!spelling.has(name)) spelling.set(name, word);
    }
  }
  return (name) => spelling.get(name) ?? name;
}

function* wordsOf(value: JsonValue): Iterable<string> {
  if (typeof value === "string") yield value;
  else if (isJsonList(value)) for (const member of value) yield* wordsOf(member);
  else if (isJsonObject(value)) {
    for (const [key, member] of Object.entries(value)) {
      yield key;
      yield* wordsOf(member);
    }
  }
}

function printable(text: string): string {
  return text.replace(/[^ -~]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Keeps both ends: ARNs that differ often differ in the last part. */
function shorten(text: string): string {
  if (text.length <= MAX_WORD_CHARS) return text;
  const half = Math.floor((MAX_WORD_CHARS - GAP.length) / 2);
  return text.slice(0, half) + GAP + text.slice(-half);
}
