import { Document, isScalar, visit } from "yaml";
import type { ExportedProfile } from "../../engine/offline/export-profile.ts";
import type { ExportNote } from "../../plan/exported-manifest.ts";
import { isPrintableLine } from "../../text/safe-text.ts";

/** Renders an exported profile as lines of YAML. What must not be applied unchanged is commented out. */
export function exportText(
  origin: string,
  exported: ExportedProfile,
  verb: "Exported" | "Converted" = "Exported",
): readonly string[] {
  const title = `${verb} from ${origin}`;
  switch (exported.kind) {
    case "whole":
      return [...commented([title, ...exported.notes.flatMap(noteLines)]), ...yamlOf(exported.manifest)];
    case "partial": {
      const why = [
        `${title}, commented out because`,
        ...exported.why.map(indented),
        ...exported.notes.flatMap(noteLines),
      ];
      return commented([...why, ...yamlOf(exported.manifest)]);
    }
    case "none":
      return commented([`Not exported: ${origin}`, ...exported.why.map(indented)]);
  }
}

function noteLines({ text, document }: ExportNote): readonly string[] {
  if (document === undefined) return [`Not in the manifest: ${text}`];
  return [`Not in the manifest: ${text}`, ...JSON.stringify(document, null, 2).split("\n").map(indented)];
}

function indented(line: string): string {
  return `  ${line}`;
}

/** Comments out lines. A line break within a name or value cannot end the comment, because the writer escapes it. */
export function commented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `# ${line}`.trimEnd());
}

/**
 * Renders a manifest as YAML. Strings with characters that the writer would escape become double-quoted single lines, where
 * YAML keeps the escapes. Characters above U+FFFF use YAML's `\U` escape, because parsers reject JSON's surrogate pairs. Strings that
 * YAML 1.1, which kubectl reads, takes for other values (`yes`, `0777`, `2012-10-17`) are quoted.
 */
export function yamlOf(manifest: Readonly<Record<string, unknown>>): readonly string[] {
  const document = new Document(manifest, { aliasDuplicateObjects: false, compat: "yaml-1.1" });
  visit(document, {
    Scalar(_, node) {
      if (isScalar(node) && typeof node.value === "string" && !isPrintableLine(node.value)) node.type = "QUOTE_DOUBLE";
    },
  });
  return document
    .toString({ lineWidth: 0, doubleQuotedMinMultiLineLength: Number.POSITIVE_INFINITY })
    .replace(/[\u{10000}-\u{10ffff}]/gu, (character) =>
      isPrintableLine(character) ? character : longEscape(character),
    )
    .trimEnd()
    .split("\n");
}

function longEscape(character: string): string {
  return `\\U${(character.codePointAt(0) ?? 0).toString(16).padStart(8, "0")}`;
}

/** Returns a function that turns instance profile names into unique Kubernetes object names. */
export function objectNames(): (instanceProfileName: string) => string {
  const given = new Set<string>();
  return (instanceProfileName) => {
    const base =
      instanceProfileName
        .toLowerCase()
        .replaceAll(/[^a-z0-9.-]+/g, "-")
        .replaceAll(/[.-]*\.[.-]*/g, ".")
        .replaceAll(/^[.-]+|[.-]+$/g, "") || "profile";
    let name = base;
    for (let i = 2; given.has(name); i++) name = `${base}-${i}`;
    given.add(name);
    return name;
  };
}
