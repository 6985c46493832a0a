import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { marked, type Token } from "marked";

/** The root of the repository. */
export const ROOT: string = join(import.meta.dirname, "../../..");

/** A fenced block. */
export interface Fence {
  /** The word after the fence: `sh`, `console`, `yaml`… */
  readonly language: string;
  readonly text: string;
}

/** A Markdown file, taken apart. */
export interface MarkdownDocument {
  /** From the root of the repository. */
  readonly path: string;
  readonly fences: readonly Fence[];
  /** The code spans of the text. */
  readonly codeSpans: readonly string[];
  /** Where links go, as written. */
  readonly links: readonly string[];
  /** Headings as they are written. */
  readonly headings: readonly string[];
  /** Tables, row by row, with their heads; cells as they are written. */
  readonly tables: readonly (readonly (readonly string[])[])[];
}

/** Every document that people are sent to. */
export const DOCUMENTS: readonly MarkdownDocument[] = globSync(
  ["*.md", "docs/**/*.md", "deploy/**/*.md", "examples/*.md"],
  { cwd: ROOT },
)
  .toSorted()
  .map(readDocument);

/** One document, by its path from the root. */
export function documentAt(path: string): MarkdownDocument {
  const document = DOCUMENTS.find((candidate) => candidate.path === path);
  if (document === undefined) throw new Error(`there is no document ${path}`);
  return document;
}

/** The part of a document under one heading of the second level. */
export function sectionOf(path: string, heading: string): MarkdownDocument {
  const text = readFileSync(join(ROOT, path), "utf8");
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`${path} has no section "${heading}"`);
  return parse(path, `## ${section}`);
}

/** The anchor that GitHub gives a heading. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(" ", "-");
}

function readDocument(path: string): MarkdownDocument {
  return parse(path, readFileSync(join(ROOT, path), "utf8"));
}

function parse(path: string, text: string): MarkdownDocument {
  const tokens: Token[] = [];
  void marked.walkTokens(marked.lexer(text), (token) => {
    tokens.push(token);
  });
  return {
    path,
    fences: tokens.flatMap((token) =>
      token.type === "code" ? [{ language: String(token["lang"] ?? ""), text: String(token["text"]) }] : [],
    ),
    codeSpans: tokens.flatMap((token) => (token.type === "codespan" ? [String(token["text"])] : [])),
    links: tokens.flatMap((token) => (token.type === "link" ? [String(token["href"])] : [])),
    headings: tokens.flatMap((token) => (token.type === "heading" ? [String(token["text"])] : [])),
    tables: tokens.flatMap((token) => (token.type === "table" ? [rowsOf(token)] : [])),
  };
}

function rowsOf(table: Token): readonly (readonly string[])[] {
  const { header, rows } = table as unknown as {
    readonly header: readonly { readonly text: string }[];
    readonly rows: readonly (readonly { readonly text: string }[])[];
  };
  return [header, ...rows].map((row) => row.map(({ text }) => text));
}
