import { Document, isScalar, visit } from "yaml";
import type { ExportedProfile } from "../engine/export-profile.ts";
import type { ExportNote } from "../plan/exported-manifest.ts";

/** Line breaks to some YAML parsers and not to others: a value with one could end a comment, or a string, for half of them. */
const BREAKS = /[\u0085\u2028\u2029]/g;

/** A profile as YAML, ending in a newline. What must not be applied as it is stands in comments. */
export function exportText(arn: string, exported: ExportedProfile): string {
  const title = `Exported from ${arn}`;
  switch (exported.kind) {
    case "whole":
      return `${comment([title, ...exported.notes.flatMap(noteLines)])}${yamlOf(exported.manifest)}`;
    case "partial": {
      const why = [
        `${title}, in comments, because`,
        ...exported.why.map(indented),
        ...exported.notes.flatMap(noteLines),
      ];
      return comment([...why, ...yamlOf(exported.manifest).trimEnd().split("\n")]);
    }
    case "none":
      return comment([`Not exported: ${arn}`, ...exported.why.map(indented)]);
  }
}

function noteLines({ text, document }: ExportNote): readonly string[] {
  if (document === undefined) return [`Beside the manifest: ${text}`];
  return [`Beside the manifest: ${text}`, ...JSON.stringify(document, null, 2).split("\n").map(indented)];
}

function indented(line: string): string {
  return `  ${line}`;
}

function comment(lines: readonly string[]): string {
  return lines
    .flatMap((line) => line.split(/\r\n|[\r\n]/))
    .map((line) => `# ${escapeBreaks(line)}`.trimEnd())
    .join("\n")
    .concat("\n");
}

function yamlOf(manifest: Readonly<Record<string, unknown>>): string {
  const document = new Document(manifest, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_, node) {
      if (isScalar(node) && typeof node.value === "string" && node.value.search(BREAKS) >= 0)
        node.type = "QUOTE_DOUBLE";
    },
  });
  return escapeBreaks(document.toString({ lineWidth: 0 }));
}

/** As double-quoted YAML has them. */
function escapeBreaks(text: string): string {
  return text.replace(BREAKS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
