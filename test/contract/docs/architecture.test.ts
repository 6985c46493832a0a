import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { documentAt, ROOT, sectionOf } from "./document.ts";

const DECISIONS = readdirSync(join(ROOT, "docs/adr")).toSorted();

test("the table of folders has those of src, and no other", () => {
  const [table = []] = sectionOf("docs/explanation/architecture.md", "Folders").tables;
  const folders = readdirSync(join(ROOT, "src"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const listed = table.slice(1).map(([folder]) => folder);
  expect(listed.toSorted()).toEqual(folders.map(({ name }) => `\`src/${name}\``).toSorted());
});

test("the list of decisions is whole and in order", () => {
  expect(sectionOf("docs/explanation/architecture.md", "Decisions").links).toEqual(
    DECISIONS.map((file) => `../adr/${file}`),
  );
});

describe.each(DECISIONS)("%s", (file) => {
  const { headings } = documentAt(`docs/adr/${file}`);

  test("has the next number in its name and its title", () => {
    const number = String(DECISIONS.indexOf(file) + 1).padStart(4, "0");
    expect(file).toMatch(new RegExp(`^${number}-[a-z0-9-]+[.]md$`));
    expect(headings[0]).toMatch(new RegExp(`^${number} `));
  });

  test("has status, context, decision and consequences", () => {
    const text = readFileSync(join(ROOT, "docs/adr", file), "utf8");
    const sections = [...text.matchAll(/^## (.+)$/gm)].map(([, title]) => title);
    expect(sections).toEqual(["Status", "Context", "Decision", "Consequences"]);
  });
});
