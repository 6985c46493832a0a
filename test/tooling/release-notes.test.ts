import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { releaseNotes } from "../../scripts/release-notes.ts";
import { ROOT } from "./copy-of-sources.ts";

const CHANGELOG = `# Changelog

Words about the file.

## Unreleased

### Added

- What comes next.

## 0.10.0 - 2026-12-24

### Added

- A thing.
  It has two lines.

### Fixed

- Another.

## 0.1.0 - 2026-12-01

- The first.

## 0.0.9 - 2026-11-30

## 0.0.8

- Without a date.
`;

test("the notes of a release are its section of the changelog, without the heading", () => {
  const notes = "### Added\n\n- A thing.\n  It has two lines.\n\n### Fixed\n\n- Another.";
  expect(releaseNotes(CHANGELOG, "0.10.0")).toBe(notes);
  expect(releaseNotes(CHANGELOG, "0.1.0")).toBe("- The first.");
});

describe("a release is refused when its version", () => {
  test.each([
    ["has no section", "0.2.0", /no section "## 0\.2\.0 - DATE": rename "## Unreleased"/],
    ["is the beginning of another", "0.10", /no section/],
    ["is none", "", /no section/],
    ["has an empty section", "0.0.9", /section of 0\.0\.9 is empty/],
    ["has a section without a date", "0.0.8", /add the date/],
    ["is not decided", "Unreleased", /add the date/],
  ])("%s", (_, version, message) => expect(() => releaseNotes(CHANGELOG, version)).toThrow(message));
});

test("the changelog has a place for the version of package.json, or for what comes before it", () => {
  const text = readFileSync(join(ROOT, "CHANGELOG.md"), "utf8");
  const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, heading = ""]) => heading);
  expect(headings.filter((heading) => !/^(?:Unreleased|\d+\.\d+\.\d+ - \d{4}-\d{2}-\d{2})$/.test(heading))).toEqual([]);
  expect(headings.some((heading) => heading === "Unreleased" || heading.startsWith(`${manifest.version} - `))).toBe(
    true,
  );
});

test("the script ends with an error when it has no notes, so that the workflow stops", () => {
  const { status, stdout } = spawnSync(process.execPath, [join(ROOT, "scripts/release-notes.ts"), "99.0.0"], {
    encoding: "utf8",
  });
  expect([status, stdout]).toEqual([1, ""]);
});
