import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { resultTable } from "../../../scripts/docs/result-table.ts";
import { withSection } from "../../../scripts/docs/section.ts";
import { generatedPages } from "../../../scripts/docs.ts";
import { RESULT_TABLE } from "../../../src/status/result-table.ts";
import { ROOT } from "./document.ts";

const PAGES = await generatedPages();

test.each([...PAGES])("%s is as the code has it; `npm run docs` writes it", (path, page) => {
  expect(readFileSync(join(ROOT, path), "utf8")).toBe(page);
});

test("a page without the marks of its section is an error, and a page with them keeps what is around them", () => {
  expect(() => withSection("# Page\n", "fields", "text")).toThrow("fields: begin");
  const page = "before\n<!-- fields: begin -->\nold\n<!-- fields: end -->\nafter\n";
  expect(withSection(page, "fields", "new")).toBe(page.replace("old", "new"));
});

test("the results are all in the diagram", () => {
  for (const kind of Object.keys(RESULT_TABLE)) expect(resultTable()).toContain(`Reconcile --> ${kind}\n`);
});
