import { parseAllDocuments, stringify } from "yaml";
import type { Random } from "../../src/sandbox/aws/random.ts";
import { SHAPES } from "./shapes.ts";

/** Text that has made parsers and terminals stumble. */
const TOKENS: readonly string[] = [
  ..."&a |*a |<<: *a|---\n|...\n|%YAML 1.1\n|%TAG ! x\n|!!binary |!!set {}|!<x> |? |- |: |{|}|[|]|,|#|'|\"|>-\n|>\n".split(
    "|",
  ),
  "|\n",
  "\t",
  "\ufeff",
  "\u0000",
  "\u001b[2J",
  "\r",
  "\u0085",
  "\u2028",
  "\u202e",
  "\n::error::x\n",
  "##[error]",
  "__proto__: {a: 1}\n",
  "constructor: 1\n",
  "1e999",
  ".nan",
  "0x7fffffffffffffff",
  "~",
  "2001-01-01T00:00:00Z",
];

const KEYS = [
  "__proto__",
  "constructor",
  "toString",
  "toJSON",
  "hasOwnProperty",
  "length",
  "",
  "a.b",
  "[0]",
  "\n::a::",
  "\u001b[0m",
];

type Mutation = (text: string, random: Random, samples: readonly string[]) => string;

const pick = <T>(random: Random, list: readonly T[]): T => list[random.integer(0, list.length - 1)] as T;

/** Any value, of a type that nobody expects there. */
function value(random: Random, depth = 0): unknown {
  const kind = random.integer(0, depth > 3 ? 6 : 10);
  if (kind === 0) return null;
  if (kind === 1) return random.next() < 0.5;
  if (kind === 2) return pick(random, [0, -1, 1.5, 1e21, Number.MAX_SAFE_INTEGER + 2, -0, 3600]);
  if (kind === 3)
    return random.text("\u0000\u001b\n\r\t\u0085\u2028\u202e\ud800::#[]{}*?$&'\"\\ax", random.integer(0, 30));
  if (kind === 4) return "x".repeat(pick(random, [1, 129, 1025, 2049, 70_000]));
  if (kind === 5)
    return pick(random, ["*", "s3:*", "arn:aws:iam::1:role/x", "$\u007baws:username}", "*?*?*?*?", "https://a:b@c"]);
  if (kind === 6) return pick(random, TOKENS);
  const size = random.integer(0, 5);
  if (kind < 9) return Array.from({ length: size }, () => value(random, depth + 1));
  return Object.fromEntries(Array.from({ length: size }, () => [pick(random, KEYS), value(random, depth + 1)]));
}

/** Changes one thing somewhere in a tree. */
function change(node: unknown, random: Random): unknown {
  if (typeof node !== "object" || node === null || random.next() < 0.05) return value(random);
  return Array.isArray(node) ? changeList(node, random) : changeMap(Object.entries(node), random);
}

function changeList(items: readonly unknown[], random: Random): unknown {
  const at = random.integer(0, Math.max(items.length - 1, 0));
  const how = items.length === 0 ? 1 : random.integer(0, 4);
  if (how === 0) return items.toSpliced(at, 1);
  if (how === 1) return items.toSpliced(at, 0, value(random));
  if (how === 2) return [...items, ...items];
  return items.with(at, change(items[at], random));
}

function changeMap(entries: readonly (readonly [string, unknown])[], random: Random): unknown {
  const at = random.integer(0, Math.max(entries.length - 1, 0));
  const [name = "a", part] = entries[at] ?? [];
  const others = entries.toSpliced(at, 1);
  const how = random.integer(0, 5);
  if (how === 0) return Object.fromEntries(others);
  if (how === 1) return Object.fromEntries([...others, [pick(random, KEYS), part]]);
  if (how === 2) return Object.fromEntries([...entries, [pick(random, KEYS), value(random)]]);
  return Object.fromEntries([...others, [name, change(part, random)]]);
}

/** A document that is still well-formed: a sample with a few things changed in its tree, as YAML or as JSON. */
const tree: Mutation = (text, random) => {
  const [document] = parseAllDocuments(text, { logLevel: "silent" });
  let root: unknown = document === undefined || !("toJS" in document) ? {} : document.toJS();
  for (let i = random.integer(1, 4); i > 0; i--) root = change(root, random);
  if (random.next() < 0.2) root = { apiVersion: "v1", kind: "List", items: [root, root] };
  return random.next() < 0.5 ? JSON.stringify(root, null, random.integer(0, 2)) : stringify(root);
};

const insert: Mutation = (text, random) => {
  const at = random.integer(0, text.length);
  return text.slice(0, at) + pick(random, TOKENS) + text.slice(at);
};

const remove: Mutation = (text, random) => {
  const at = random.integer(0, text.length);
  return text.slice(0, at) + text.slice(at + random.integer(1, 40));
};

const repeat: Mutation = (text, random) => {
  const at = random.integer(0, text.length);
  const part = text.slice(at, at + random.integer(1, 200));
  return text.slice(0, at) + part.repeat(random.integer(2, 200)) + text.slice(at);
};

const splice: Mutation = (text, random, samples) => {
  const other = pick(random, samples);
  return text.slice(0, random.integer(0, text.length)) + other.slice(random.integer(0, other.length));
};

const unit: Mutation = (text, random) => {
  const at = random.integer(0, text.length);
  return text.slice(0, at) + String.fromCharCode(random.integer(0, 0xffff)) + text.slice(at + 1);
};

const TEXTUAL: readonly Mutation[] = [insert, insert, remove, repeat, splice, unit];

/** As large as an object that an API server holds without trouble: what is larger takes its time to be read. */
const MAX_CHARS = 200_000;

function bounded(text: string): Buffer {
  return Buffer.from(text.slice(0, MAX_CHARS));
}

/** The bytes of one case: a mutated sample, a shape that costs parsers dearly, or noise. The same random gives the same bytes. */
export function caseOf(random: Random, samples: readonly string[]): Buffer {
  const kind = random.next();
  if (kind < 0.45) return bounded(tree(pick(random, samples), random, samples));
  if (kind < 0.8) {
    let text = random.next() < 0.3 ? tree(pick(random, samples), random, samples) : pick(random, samples);
    for (let i = random.integer(1, 6); i > 0; i--) text = pick(random, TEXTUAL)(text, random, samples);
    return bounded(text);
  }
  if (kind < 0.92) return bounded(pick(random, SHAPES)(random));
  const bytes = Buffer.from(pick(random, samples));
  for (let i = random.integer(1, 20); i > 0; i--) bytes[random.integer(0, bytes.length - 1)] = random.integer(0, 255);
  return random.next() < 0.2 ? Buffer.from(Array.from({ length: 500 }, () => random.integer(0, 255))) : bytes;
}
