import { existsSync, globSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";
import { anchorOf, DOCUMENTS, documentAt, ROOT } from "./document.ts";

const FOLDERS = /^(?:src|test|docs|deploy|crds|scripts|\.ci)\//;

describe.each(DOCUMENTS)("$path", ({ path, links, codeSpans, headings }) => {
  const relative = links.filter((link) => !/^[a-z]+:/.test(link));

  if (relative.length > 0)
    test("links to files and headings that exist", () => {
      const broken = relative.filter((link) => !leadsSomewhere(path, link));
      expect(broken).toEqual([]);
    });

  test("names files that exist", () => {
    const named = codeSpans.filter((span) => FOLDERS.test(span) && !/[\s<>…]/.test(span));
    const missing = named.filter((span) => globSync(span.replace(/\/$/, ""), { cwd: ROOT }).length === 0);
    expect(missing).toEqual([]);
  });

  test("has no two headings of one name", () => {
    expect(headings).toEqual([...new Set(headings)]);
  });
});

test("every page is reached from the README by links", () => {
  const reached = new Set(["README.md"]);
  for (const path of reached) for (const target of targetsOf(path)) reached.add(target);
  expect(DOCUMENTS.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([]);
});

test("every page of docs is in the index", () => {
  const indexed = new Set(targetsOf("docs/README.md"));
  const pages = DOCUMENTS.map(({ path }) => path).filter((path) => /^docs\/(?!adr\/|README)/.test(path));
  expect(pages.filter((path) => !indexed.has(path))).toEqual([]);
});

/** The pages that a page links to. */
function targetsOf(path: string): readonly string[] {
  const page = DOCUMENTS.find((candidate) => candidate.path === path);
  return (page?.links ?? []).map((link) => normalize(join(dirname(path), link.split("#")[0] ?? "")));
}

function leadsSomewhere(from: string, link: string): boolean {
  const [file = "", anchor] = link.split("#");
  const target = file === "" ? from : normalize(join(dirname(from), file));
  if (!existsSync(join(ROOT, target))) return false;
  return anchor === undefined || documentAt(target).headings.map(anchorOf).includes(anchor);
}
