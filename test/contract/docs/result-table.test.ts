import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { resultSection, withResults } from "../../../scripts/result-table.ts";
import { RESULT_TABLE } from "../../../src/status/result-table.ts";

const PAGE = readFileSync(join(import.meta.dirname, "../../../docs/explanation/architecture.md"), "utf8");

test("docs/explanation/architecture.md shows the results as the code has them: npm run docs:results writes them", () => {
  expect(withResults(PAGE)).toBe(PAGE);
});

test("the section names every result", () => {
  for (const kind of Object.keys(RESULT_TABLE)) expect(resultSection()).toContain(`Reconcile --> ${kind}\n`);
});
