/**
 * Prints what CHANGELOG.md says of a version: the notes of its release on GitHub.
 *
 *     node scripts/release-notes.ts VERSION
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

const CHANGELOG = join(import.meta.dirname, "../CHANGELOG.md");

if (import.meta.main) {
  const [version = ""] = process.argv.slice(2);
  console.log(releaseNotes(readFileSync(CHANGELOG, "utf8"), version));
}

/** The section `## VERSION - YYYY-MM-DD` without its heading. Errors: there is none, it has no date, or it is empty. */
export function releaseNotes(changelog: string, version: string): string {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((text) => /^\S*/.exec(text)?.[0] === version);
  if (section === undefined) {
    throw new Error(`CHANGELOG.md has no section "## ${version} - DATE": rename "## Unreleased" to it before you tag`);
  }
  const [heading = "", ...lines] = section.split("\n");
  if (!/^\S+ - \d{4}-\d{2}-\d{2}$/.test(heading)) {
    throw new Error(`CHANGELOG.md: the heading "## ${heading}" is not "## ${version} - YYYY-MM-DD": add the date`);
  }
  const notes = lines.join("\n").trim();
  if (!/^[-*] /m.test(notes)) throw new Error(`CHANGELOG.md: the section of ${version} is empty: say what changes`);
  return notes;
}
